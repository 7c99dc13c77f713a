"""Letters: written, pressed, composed, sent and reported."""
