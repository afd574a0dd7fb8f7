"""Writes classify/catalogues/phrases.py, where `makemessages` finds the sentences of platforms.toml: it reads no TOML.

Run with `python -m tests.phrases` after a change of a `sees` in platforms.toml; a test holds that it was.
"""

import json
import tomllib
from pathlib import Path

CATALOGUES = Path(__file__).resolve().parent.parent / "collector" / "classify" / "catalogues"
MODULE = CATALOGUES / "phrases.py"
HEAD = '''"""What the platforms of platforms.toml let us see, for translators. Generated: `python -m tests.phrases`."""

# fmt: off
# ruff: noqa: E501

from django.utils.translation import gettext_noop

'''


def phrases() -> list[str]:
    """Return the distinct sentences of the catalogue, in its order."""
    rows = tomllib.loads(CATALOGUES.joinpath("platforms.toml").read_text("utf-8"))["platform"]
    return list(dict.fromkeys(row["sees"] for row in rows))


def module() -> str:
    """Return the module's text."""
    return HEAD + "".join(f"gettext_noop({json.dumps(phrase, ensure_ascii=False)})\n" for phrase in phrases())


if __name__ == "__main__":
    MODULE.write_text(module(), "utf-8")
