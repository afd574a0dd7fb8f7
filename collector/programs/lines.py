"""Finds the line of each key in a TOML text, which Python's `tomllib` does not tell."""

import re

MOST_PARTS = 6  # of a path. Nothing that can be declared is deeper
Path = tuple[str, ...]
_TOKEN = re.compile(
    r'''
    """(?:\\.|[^\\])*?"""(?:"{0,2})  # strings first, so that nothing in them is taken for a key
    | \'\'\'.*?\'\'\'(?:'{0,2})
    | "(?:\\.|[^"\\\n])*"
    | '[^'\n]*'
    | \#[^\n]*
    | \n
    | [\[\]{}=]
    | [A-Za-z0-9_-]+
    ''',
    re.VERBOSE | re.DOTALL,
)


def lines_of(text: str) -> dict[Path, int]:
    """Return the line of each key and table, from 1 on, by its path: ("events", "build", "reason").

    `text` is valid TOML. Keys inside inline tables are left out: `nearest` finds the line of the table. Linear in time.
    """
    lines: dict[Path, int] = {}
    table: Path = ()
    names: list[str] = []
    line, depth, is_value = 1, 0, False
    for match in _TOKEN.finditer(text):
        word = match.group()
        if is_value:
            depth += (word in {"[", "{"}) - (word in {"]", "}"})
            is_value = depth > 0 or word != "\n"
        elif word == "]":
            table = tuple(names)
            _note(lines, table, line)
        elif word == "=":
            _note(lines, (*table, *names), line)
            is_value = True
        elif word not in {"[", "\n"} and not word.startswith("#"):
            names.append(word.strip("\"'"))
        if word in {"=", "\n"}:
            names = []
        line += word.count("\n")
    return lines


def nearest(lines: dict[Path, int], path: Path) -> int:
    """Return the line of a key or table; of the nearest table around it if it is not there; 0 if none is."""
    return next((lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines), 0)


def _note(lines: dict[Path, int], path: Path, line: int) -> None:
    for length in range(1, min(len(path), MOST_PARTS) + 1):
        lines.setdefault(path[:length], line)
