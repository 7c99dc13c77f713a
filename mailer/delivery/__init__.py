"""The sending itself: from a prepared batch to a settled outcome."""
