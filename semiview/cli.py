"""One command per user verb."""


def main() -> None:
    """Start."""
