"""Accounts: who may come into the office, and what each may do there. Knows no person of a list."""
