"""Reads the tables of this folder: who gets which answer at which URL. `pages.txt` explains how a row is written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Formatter

from tests.access.world import MISSING_KEY, MISSING_NAME, PEOPLE

FOLDER = Path(__file__).parent
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>.*?\)(?=/?\$)")
# What a parameter of a path is, unless its row says something else.
USUAL = {
    "slug": "{slug}",
    "pixel_id": "{article}",
    "token": "{article_token}",
    "key": "{link_key}",
    "ending": "csv",
    "language": "python",
    "panel": "actives",
    "by": "version",
    "rest": "anything/1/",
    "url": "anything/",
    "id": "{owner}",
    "pk": "{invitation}",
    "secret": "{invitation_secret}",
}
OBJECTS = {
    "pixel": "{draft}", "project": "{project}", "sharelink": "{link}", "apitoken": "{api_token}",
    "auditentry": "{audit_entry}", "user": "{owner}",
}  # fmt: skip
# Forms with many fields, which a row names with a plus.
FORMS = {
    "project": {
        "name": "Named", "slug": "named", "timezone": "UTC", "first_weekday": "1", "retention_days": "30",
        "min_reading_seconds": "10", "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0", "_save": "1",
    },
    "members": {
        "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1", "memberships-0-id": "{membership}",
        "memberships-0-project": "{project}", "memberships-0-user": "{owner_name}", "memberships-0-role": "owner",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. `answers` are by person; `fields` are those of the form or query, or parts of the path."""

    method: str
    route: str
    answers: Mapping[str, str]
    is_public: bool
    is_known: bool
    fields: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        said = " ".join(f"{name}={value}" for name, value in self.fields.items())
        return f"{self.method} /{self.route} {said}".strip()

    @property
    def parameters(self) -> list[str]:
        """The names of the parts of the path that vary."""
        return ["".join(names) for names in PARAMETER.findall(self.route)]

    def path(self, facts: Mapping[str, object]) -> str:
        """Return the path for the objects that `facts` name."""

        def filled(match: re.Match[str]) -> str:
            return self._value("".join(match.groups(""))).format_map(facts)

        return "/" + PARAMETER.sub(filled, self.route).removesuffix("$").replace("^", "")

    def data(self, facts: Mapping[str, object]) -> dict[str, str]:
        """Return the fields of the form or of the query."""
        parameters = self.parameters
        return {name: value.format_map(facts) for name, value in self.fields.items() if name not in parameters}

    def named_facts(self) -> set[str]:
        """Return the facts that a request names, in its path or its fields."""
        texts = [*map(self._value, self.parameters), *self.fields.values()]
        return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}

    def _value(self, parameter: str) -> str:
        if parameter in self.fields:
            return self.fields[parameter]
        return OBJECTS[self.route.split("/")[2]] if parameter == "object_id" else USUAL[parameter]


@cache
def rows() -> list[Row]:
    """Return the rows of all tables."""
    return [row for path in sorted(FOLDER.glob("*.txt")) for row in _read(path)]


def _read(path: Path) -> list[Row]:
    people: list[str] = []
    profiles: dict[str, dict[str, str]] = {}
    found = []
    for line in path.read_text("utf-8").splitlines():
        kind, *cells = line.split("#")[0].split() or [""]
        if kind == "who":
            people = cells
            assert set(people) <= set(PEOPLE), f"{path.name}: {line}"
        elif kind == "profile":
            name, *answers = cells
            profiles[name] = dict(zip(people, answers, strict=True))
        elif kind:
            found.append(_row(kind, cells, profiles))
    return found


def _row(method: str, cells: list[str], profiles: Mapping[str, Mapping[str, str]]) -> Row:
    route, profile, *rest = cells
    fields: dict[str, str] = {}
    for cell in rest:
        if cell.startswith("+"):
            fields |= FORMS[cell[1:]]
        elif cell not in {"public", "known"}:
            name, _, value = cell.partition("=")
            fields[name] = value
    answers = profiles[profile]
    everybody = {person: answers.get(person, answers["nobody"]) for person in PEOPLE}
    return Row(method, "" if route == "-" else route, everybody, "public" in rest, "known" in rest, fields)


def missing(facts: Mapping[str, object]) -> dict[str, object]:
    """Return facts that name nothing that there is."""
    return {name: MISSING_KEY if isinstance(value, int) else MISSING_NAME for name, value in facts.items()}
