"""Declarations for tests: the example, and the example with changes."""

from pathlib import Path

import collector.programs

EXAMPLE = Path(str(collector.programs.__file__)).with_name("example.toml").read_text("utf-8")


def example(*changes: tuple[str, str]) -> str:
    """Return the example with texts replaced, each of which it has exactly once."""
    text = EXAMPLE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def line(part: str, text: str = EXAMPLE) -> int:
    """Return the number of the first line that has `part`."""
    return next(number for number, one in enumerate(text.splitlines(), 1) if part in one)
