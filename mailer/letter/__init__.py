"""A letter, authored once: read, checked, and pressed into the form all copies are made from."""
