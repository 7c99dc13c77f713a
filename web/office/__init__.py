"""The office: an application of its own under /office, behind its sign-in."""
