"""Paths of pixel requests, right and mangled, and what each names: the cases of `tests/data/paths.tsv`."""

from dataclasses import dataclass
from pathlib import Path

PATHS = Path(__file__).with_name("data") / "paths.tsv"


@dataclass(frozen=True, slots=True)
class PathCase:
    """A path as it is sent, and what it names: placement and whether it is an end, or None if it names no pixel."""

    template: str
    named: tuple[str, bool] | None

    def path(self, token: str) -> str:
        text = self.template.replace("{t}", token).replace("{T}", token.upper())
        return text.replace("{t:15}", token[:15]).replace("{t:10}", token[:10]).replace("{t:-10}", token[-10:])


def path_cases() -> list[PathCase]:
    cases = []
    for line in PATHS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            template, expected, _ = line.split("\t")
            cases.append(PathCase(template, _named(expected)))
    return cases


def _named(expected: str) -> tuple[str, bool] | None:
    if expected == "none":
        return None
    words = expected.split()
    return "".join(word for word in words if word not in {"start", "end"}), "end" in words
