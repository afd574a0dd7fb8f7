"""docs/threat-model.md names for each promise the test that holds it: each of them exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")


def named() -> list[tuple[str, str]]:
    return TEST.findall((ROOT / "docs" / "threat-model.md").read_text("utf-8"))


def test_every_test_that_the_threat_model_names_exists():
    missing = []
    for path, name in named():
        source = (ROOT / path).read_text("utf-8") if (ROOT / path).exists() else ""
        if not source or (name and not re.search(rf"^def {name}\(", source, re.MULTILINE)):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_every_promise_and_every_attempt_names_one_or_says_that_nothing_holds_it():
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    rows = [line for line in text.split("## Who, and what they can do")[1].splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith(("| who |", "| promise |", "| way in |", "| what |"))]
    assert len(rows) > 20
    silent = [row for row in rows if not TEST.search(row) and not re.search(r"nothing|not even of today", row)]
    assert silent == []
