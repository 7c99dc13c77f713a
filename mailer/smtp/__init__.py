"""The wire: relays, connections to them, SMTP, and failover from one relay to another."""
