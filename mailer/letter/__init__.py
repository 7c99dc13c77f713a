"""Reads, checks and presses a letter: from one file to the form that every copy is made from."""
