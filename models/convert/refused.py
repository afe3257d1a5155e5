"""The error for files that cannot be converted."""

from __future__ import annotations


class RefusedFile(Exception):
    """A file that is no convertible model. The text names what was expected and what was found."""

    def __init__(self, expected: str, got: object) -> None:
        super().__init__(f"Expected {expected}, got `{str(got)[:120]}`")
