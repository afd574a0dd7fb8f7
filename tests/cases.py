"""Requests whose browser, system, device or country is known: sent to the endpoint, and read from `export_hits`."""

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.core.management import call_command

from collector.models import Pixel
from tests.endpoints import AsgiEndpoint
from tests.hits import drain

DATA = Path(__file__).with_name("data")
AGENT_FIELDS = ("traffic", "browser", "os", "device")
READER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"


@dataclass(frozen=True, slots=True)
class Case:
    """One request, and what the export must say about it. Fields that are not in `expected` are unknown."""

    group: str
    agent: str
    peer: str
    expected: dict[str, str | None]

    @property
    def is_held_out(self) -> bool:
        """Whether the case is in the half that we did not look at while we wrote the tables. A hash decides."""
        text = self.agent if self.agent != READER else self.peer
        return hashlib.md5(text.encode()).digest()[0] & 1 == 1


@dataclass(slots=True)
class Tally:
    """How many cases came out right."""

    right: int = 0
    cases: int = 0

    @property
    def share(self) -> float:
        return self.right / self.cases


def cases() -> Iterator[Case]:
    """Yield the cases of `tests/data`."""
    for group, *values, string in (*_rows("agents.tsv"), *_rows("more_agents.tsv")):
        expected: dict[str, str | None] = {
            field: value for field, value in zip(AGENT_FIELDS, values, strict=True) if value
        }
        yield Case(group, string, "127.0.0.1", expected)
    for address, country, _ in _rows("addresses.tsv"):
        yield Case("addresses" if country else "nobody's addresses", READER, address, {"country": country or None})


def send_and_export(cases: Iterable[Case], pixel: Pixel, directory: Path) -> Iterator[tuple[Case, dict]]:
    """Send each case to the pixel's endpoint, drain, and yield each case with its exported row."""
    cases = list(cases)
    endpoint = AsgiEndpoint(directory)
    for case in cases:
        answer = endpoint.get(f"/p/{pixel.token}.gif", peer=case.peer, user_agent=case.agent)
        assert answer.status == 200, case
    endpoint.close()
    drain(directory)
    out = io.StringIO()
    call_command("export_hits", pixel.project.slug, stdout=out)
    yield from zip(cases, map(json.loads, out.getvalue().splitlines()), strict=True)  # both are in the order of time


def is_right(field: str, expected: str | None, exported: str | None) -> bool:
    """Whether the export says the same as the source. Each may use another name for one family."""
    return expected == exported or bool(expected and exported and family(expected) == family(exported))


def family(name: str) -> str:
    """Return one name for all names that sources have for a family of browsers or systems."""
    return _families().get(name, name).casefold().removesuffix(" browser").replace(" ", "")


def _rows(name: str) -> Iterator[list[str]]:
    for line in (DATA / name).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            yield line.split("\t")


@cache
def _families() -> dict[str, str]:
    return dict(_rows("families.tsv"))
