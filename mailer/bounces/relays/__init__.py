"""What relays tell of a copy by the web, a module a kind of relay."""
