"""Argument types of several commands."""

from argparse import ArgumentTypeError
from collections.abc import Callable


def between(low: int, high: int) -> Callable[[str], int]:
    """Return an argument type: a whole number from `low` to `high`."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ArgumentTypeError(f"write a whole number from {low} to {high}, not “{text}”")
        return int(text)

    return parse
