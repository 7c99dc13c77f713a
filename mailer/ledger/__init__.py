"""The ledger: the only writer of a delivery's status and of a batch's counts and lease."""
