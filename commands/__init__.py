"""What stands behind the doorbell panel: one file for each family of commands."""
