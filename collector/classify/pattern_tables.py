"""The tables of `catalogues/agents.toml`: what user agents tell beyond what ua-parser and is-bot know."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@cache
def tables() -> dict[str, list[Row]]:
    """Return every table by its name, with its rows in the file's order."""
    text = Path(__file__).with_name("catalogues").joinpath("agents.toml").read_text("utf-8")
    found: dict[str, list[Row]] = tomllib.loads(text)
    return found


class Names:
    """Patterns that stand for a name each; where several are found in a string, the first row of the table wins."""

    def __init__(self, rows: Iterable[Row], key: str) -> None:
        by_name: list[tuple[str, list[str]]] = []
        for row in rows:
            if not by_name or by_name[-1][0] != row[key]:
                by_name.append((row[key], []))
            by_name[-1][1].append(row["pattern"])
        self._patterns = [(re.compile("|".join(patterns)), name) for name, patterns in by_name]
        self._any = any_of(rows)

    def find(self, lower: str) -> str | None:
        """Return the name that a string in lower case is known by, None where no pattern is found in it."""
        if self._any.search(lower) is None:
            return None
        return next(name for pattern, name in self._patterns if pattern.search(lower))


def any_of(rows: Iterable[Row]) -> re.Pattern[str]:
    """Return one pattern that is found wherever the pattern of a row is."""
    return re.compile("|".join(row["pattern"] for row in rows))
