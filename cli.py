"""The doorbell panel."""


def main() -> None:
    """Run the command line."""
