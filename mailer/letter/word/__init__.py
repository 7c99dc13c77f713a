"""Word files become letters; what cannot come along is told with its place."""
