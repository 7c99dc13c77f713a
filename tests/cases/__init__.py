"""Inputs that went wrong once, each given to the command line as its users would give it."""
