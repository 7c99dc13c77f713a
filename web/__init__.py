"""The web server: public pages for members, office pages for staff, and metrics."""
