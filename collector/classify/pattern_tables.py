"""The tables of `catalogues/agents.toml`: what we know of user agents beyond ua-parser and is-bot.

They are searched by `ua-parser-rs`, which first looks for the letters of all patterns at once: a table takes 1 to 5 µs,
where one alternation of Python's `re` takes 30 to 100. Its time is linear in the length of the string.
"""

import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ua_parser_rs import UserAgentExtractor

PatternRow = dict[str, Any]


@cache
def tables() -> dict[str, list[PatternRow]]:
    """Return every table by its name, with its rows in the order of the file."""
    text = Path(__file__).with_name("catalogues").joinpath("agents.toml").read_text("utf-8")
    by_name: dict[str, list[PatternRow]] = tomllib.loads(text)
    return by_name


class Patterns:
    """Patterns of Rust's regex library in the order of their table. If several match a string, the first one wins."""

    def __init__(self, patterns: Iterable[str]) -> None:
        rows = [(pattern, str(number), None, None, None, None) for number, pattern in enumerate(patterns)]
        self._extractor = UserAgentExtractor(rows)

    def row_of(self, lower: str) -> int | None:
        """Return the number of the first pattern that matches a string in lower case, or None."""
        match = self._extractor.extract(lower)
        return None if match is None else int(match.family)

    def match(self, lower: str) -> bool:
        """Whether any pattern matches a string in lower case."""
        return self._extractor.extract(lower) is not None


class Names:
    """Patterns that each stand for a name. If several match a string, the first row of the table wins."""

    def __init__(self, rows: Sequence[PatternRow], key: str) -> None:
        self._patterns = Patterns(row["pattern"] for row in rows)
        self._names: list[str] = [row[key] for row in rows]

    def find(self, lower: str) -> str | None:
        """Return the name of the first pattern that matches a string in lower case, or None."""
        row = self._patterns.row_of(lower)
        return None if row is None else self._names[row]


@cache
def patterns_of(table: str) -> Patterns:
    """Return the patterns of a table."""
    return Patterns(row["pattern"] for row in tables()[table])


@cache
def names_of(table: str, key: str = "name") -> Names:
    """Return the names of a table. `key` is the field that holds them."""
    return Names(tables()[table], key)
