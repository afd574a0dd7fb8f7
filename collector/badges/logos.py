"""The logos that a badge can show, by their names in Simple Icons. SOURCE.md says where they come from."""

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

SIZE = 24  # of the square that an outline is drawn in
_WORDS = str.maketrans({"+": "plus", ".": "dot", "&": "and"})


class Logo(NamedTuple):
    """A logo: the name of its brand, and its outline as the path data of SVG."""

    title: str
    path: str


@cache
def logos() -> dict[str, Logo]:
    """Return all logos by name."""
    content = json.loads(Path(__file__).with_name("logos.json").read_text("utf-8"))
    return {name: Logo(*facts) for name, facts in content.items()}


def logo_name(text: str) -> str:
    """Return the name of the logo that a text means, by its name or its title; empty if we don't have it."""
    name = re.sub(r"[^a-z0-9]", "", text.strip().lower().translate(_WORDS))
    return name if name in logos() else ""
