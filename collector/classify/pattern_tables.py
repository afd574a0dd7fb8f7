"""The tables of `catalogues/agents.toml`: what we know of user agents beyond ua-parser and is-bot."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

PatternRow = dict[str, Any]


@cache
def tables() -> dict[str, list[PatternRow]]:
    """Return every table by its name, with its rows in the order of the file."""
    text = Path(__file__).with_name("catalogues").joinpath("agents.toml").read_text("utf-8")
    by_name: dict[str, list[PatternRow]] = tomllib.loads(text)
    return by_name


class Names:
    """Patterns that each stand for a name. If several match a string, the first row of the table wins."""

    def __init__(self, rows: Iterable[PatternRow], key: str) -> None:
        by_name: list[tuple[str, list[str]]] = []
        for row in rows:
            if not by_name or by_name[-1][0] != row[key]:
                by_name.append((row[key], []))
            by_name[-1][1].append(row["pattern"])
        self._patterns = [(re.compile("|".join(patterns)), name) for name, patterns in by_name]
        self._any = any_of(rows)

    def find(self, lower: str) -> str | None:
        """Return the name of the first pattern that matches a string in lower case, or None."""
        if self._any.search(lower) is None:
            return None
        return next(name for pattern, name in self._patterns if pattern.search(lower))


def any_of(rows: Iterable[PatternRow]) -> re.Pattern[str]:
    """Return one pattern that matches where the pattern of any row does."""
    return re.compile("|".join(row["pattern"] for row in rows))
