"""People: subscribers, lists, consent; knows nothing of mail."""
