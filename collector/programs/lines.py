"""On which line of a TOML text something stands. Python's `tomllib` does not tell."""

import re

_HEADER = re.compile(r"\s*\[+\s*(?P<name>[^\]#]+?)\s*\]+\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*(?P<name>(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, path: tuple[str, ...]) -> int:
    """Return the line, from 1 on, of a key or table; of the nearest table around it if it is not there; 0 if none is.

    `path` is the way to it, such as ("events", "build", "reason"). Keys inside inline tables count as their line.
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _parts(header["name"])
            named = table
        elif key := _KEY.match(line):
            named = (*table, *_parts(key["name"]))
        else:
            continue
        for length in range(1, len(named) + 1):
            lines.setdefault(named[:length], number)
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(name))
