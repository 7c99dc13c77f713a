"""Notices: single mails that are no letter, such as a test copy."""
