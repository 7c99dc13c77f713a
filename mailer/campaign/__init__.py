"""Writes the state of campaigns, and who their candidates are; no other package does."""
