"""What the world answers after a relay took a copy: delivery notices and complaints."""
