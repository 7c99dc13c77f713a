"""People: subscribers, lists, consent. This package knows nothing of mail."""
