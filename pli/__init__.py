"""The ground: version, settings, keys, database, errors; knows nothing of people or letters."""

__version__ = "0.1.0"
