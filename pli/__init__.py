"""What all packages build on: settings, keys, database, errors. Knows no people and no letters."""

__version__ = "0.1.0"
