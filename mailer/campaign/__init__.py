"""A campaign's life: the only writer of its state, and of who its candidates are."""
