"""The Tour page."""


def show() -> None:
    """Draw the page."""
