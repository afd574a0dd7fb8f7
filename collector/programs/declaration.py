"""Reads a declaration, `telemetry.toml`, and explains everything that is wrong with it, each with its line.

Whatever the text is, reading it takes less than a second and a few megabytes.
"""

import difflib
import itertools
import math
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, get_args

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from collector.models.validators import validate_title
from collector.programs.forms import (
    CHOICE,
    MAX_BOUNDS,
    MAX_PROPERTIES,
    MAX_VERSION,
    NAME,
    OTHER,
    PROGRAM_ID,
    PUBLIC_PANELS,
    VERSION,
)
from collector.programs.lines import Path, lines_of, nearest
from collector.programs.program import Door, Event, Kind, Mode, Program, Property, PropertyType, Versions

MAX_BYTES = 64 * 1024
MAX_TEXT = 500  # characters of a reason and the like
MAX_NAME = 100  # characters of the program's name
MAX_PROBLEMS = 50  # more are not listed
MAX_EVENTS, MAX_VALUES, MAX_VERSIONS = 50, 40, 200
_PROGRAM_KEYS = {
    "id", "name", "kind", "mode", "why", "contact", "link", "country", "report_from_ci", "report_from_agents", "public",
    "sdks",
}  # fmt: skip
_LINK = re.compile(r"https?://[^\s<>\"]+")
_CONTACT = re.compile(r"https?://[^\s<>\"]+|[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+")
_TOML_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
# `tomllib` takes time and memory in the square of the parts of a dotted key: gigabytes for one of 64 KB.
_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"(?<![A-Za-z0-9_-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{16}}")
Table = Mapping[str, Any]


class Problem(NamedTuple):
    """What is wrong with a declaration, for people. `line` counts from 1; 0 stands for the whole file."""

    line: int
    text: str

    def __str__(self) -> str:
        return _("Line %(line)d: %(text)s") % {"line": self.line, "text": self.text} if self.line else self.text


class DeclarationError(ValueError):
    """A declaration can't be used. `problems` is everything that is wrong with it, by line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@lru_cache(maxsize=256)
def read_declaration(text: str) -> Program:
    """Return the program that a declaration describes. Raises DeclarationError with all its problems."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise DeclarationError([Problem(0, _("The declaration is longer than 64 KB. Declare fewer things."))])
    tables = _tables(text)
    reader = _Reader(text)
    program = reader.program(tables)
    if program is None or reader.problems:
        more = [Problem(0, _("There are more problems. Correct these first."))] if reader.has_more else []
        raise DeclarationError([*sorted(reader.problems), *more])
    return program


def _tables(text: str) -> Table:
    """Return the tables of a TOML text. Raises DeclarationError."""
    if match := _LONG_KEY.search(text):
        line = text.count("\n", 0, match.start()) + 1
        raise DeclarationError([Problem(line, _("A name has too many parts. Write a dot only between tables."))])
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise DeclarationError([Problem(0, _("Brackets are nested too deeply. Close each one."))]) from None
    except ValueError as error:  # TOMLDecodeError is one; a number of 5,000 digits raises another
        match = _TOML_LINE.search(str(error))
        line = int(match[1] or text.count("\n") + 1) if match else 0
        reason = _("This is not TOML: %(error)s") % {"error": _TOML_LINE.sub("", str(error))}
        raise DeclarationError([Problem(line, reason)]) from None


class _Reader:
    """Reads tables and collects problems. Where something is wrong, it goes on with a value that fits."""

    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self.has_more = False
        self._text = text
        self._lines: dict[Path, int] | None = None

    def program(self, tables: Table) -> Program | None:
        self._only(tables, (), {"program", "versions", "events"})
        table = self._table(tables, ("program",), is_required=True)
        path = ("program",)
        self._only(table, path, _PROGRAM_KEYS)
        events = self._table(tables, ("events",))
        if len(events) > MAX_EVENTS:
            self._wrong(("events",), _("There are more than %(most)d events. Remove some.") % {"most": MAX_EVENTS})
        id_help = _("Write up to 40 letters a to z, digits and hyphens, beginning with a letter.")
        contact_help = _("Write an address of mail or of a web page, so that people can ask you.")
        return Program(
            id=self._text_of(table, (*path, "id"), PROGRAM_ID, id_help),
            name=self._text_of(table, (*path, "name")),
            kind=self._one_of(table, (*path, "kind"), get_args(Kind)),
            mode=self._one_of(table, (*path, "mode"), get_args(Mode)),
            why=self._text_of(table, (*path, "why")),
            contact=self._text_of(table, (*path, "contact"), _CONTACT, contact_help),
            link=self._link(table, (*path, "link")),
            with_country=self._flag(table, (*path, "country")),
            reports_from_ci=self._flag(table, (*path, "report_from_ci")),
            reports_from_agents=self._flag(table, (*path, "report_from_agents")),
            public=self._some_of(table, (*path, "public"), PUBLIC_PANELS),
            sdks=self._some_of(table, (*path, "sdks"), get_args(Door)),
            versions=self._versions(tables),
            events={name: self._event(name, events) for name in itertools.islice(events, MAX_EVENTS)},
        )

    def _some_of(self, table: Table, path: Path, allowed: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return those of the allowed values that a list has; none without a list."""
        values = self._list(table, path, len(allowed)) if path[-1] in table else []
        if not all(value in allowed for value in values):
            self._none_of(path, allowed)
        return tuple(value for value in allowed if value in values)

    def _event(self, name: str, events: Table) -> Event:
        path = ("events", name)
        table = self._named_table(name, events, path)
        if name == "country":  # a field of this name is the report's country
            self._wrong(path, _("“%(name)s” has another meaning here. Choose another name.") % {"name": name})
        self._only(table, path, {"reason", "link", "until", "failure", "properties"})
        properties = self._table(table, (*path, "properties"))
        if len(properties) > MAX_PROPERTIES:
            text = _("There are more than %(most)d properties. Remove some.")
            self._wrong(path, text % {"most": MAX_PROPERTIES})
        event = Event(
            name=name,
            reason=self._text_of(table, (*path, "reason")),
            until=self._date(table, (*path, "until")),
            link=self._link(table, (*path, "link"), is_required=True),
            is_failure=self._flag(table, (*path, "failure")),
            properties={
                key: self._property(key, properties, (*path, "properties", key))
                for key in itertools.islice(properties, MAX_PROPERTIES)
            },
        )
        told_by = event.properties.get("class")
        if event.is_failure and (told_by is None or told_by.type != "choice"):
            self._wrong(path, _("A failure needs a property “class” of type “choice”, which tells failures apart."))
        return event

    def _property(self, name: str, properties: Table, path: Path) -> Property:
        table = self._named_table(name, properties, path)
        kind: PropertyType = self._one_of(table, (*path, "type"), get_args(PropertyType))
        allowed = {"type", "reason"} | {"choice": {"values"}, "bucket": {"bounds", "unit"}}.get(kind, set())
        self._only(table, path, allowed)
        unit = self._text_of(table, (*path, "unit")) if kind == "bucket" and "unit" in table else ""
        return Property(
            name=name,
            type=kind,
            reason=self._text_of(table, (*path, "reason")),
            values=self._values(table, (*path, "values")) if kind == "choice" else (),
            bounds=self._bounds(table, (*path, "bounds")) if kind == "bucket" else (),
            unit=unit,
        )

    def _versions(self, tables: Table) -> Versions:
        table = self._table(tables, ("versions",))
        self._only(table, ("versions",), {"newest", "supported", "withdrawn", "released"})
        released = self._table(table, ("versions", "released"))
        for version in released:
            self._check_version(version, ("versions", "released", version))
        newest = table.get("newest", "")
        if "newest" in table:
            self._check_version(newest, ("versions", "newest"))
        return Versions(
            newest=newest,
            supported=self._version_list(table, "supported"),
            withdrawn=self._version_list(table, "withdrawn"),
            released={version: self._date(released, ("versions", "released", version)) for version in released},
        )

    def _version_list(self, table: Table, key: str) -> tuple[str, ...]:
        path = ("versions", key)
        versions = self._list(table, path, MAX_VERSIONS) if key in table else []
        for version in versions:
            self._check_version(version, path)
        return tuple(version for version in versions if isinstance(version, str))

    def _check_version(self, version: object, path: Path) -> None:
        if not isinstance(version, str) or len(version) > MAX_VERSION or not VERSION.fullmatch(version):
            shown = {"value": _shown(version)}
            self._wrong(path, _("“%(value)s” is not a version. Write one like 2.4.1 or 2.5.0-rc1.") % shown)

    def _values(self, table: Table, path: Path) -> tuple[str, ...]:
        values = self._list(table, path, MAX_VALUES)
        for value in values:
            if not isinstance(value, str) or not CHOICE.fullmatch(value):
                self._wrong(
                    path,
                    _(
                        "“%(value)s” can't be a value. Write it in quotes, with up to 40 letters a to z, digits, dots, "
                        "hyphens, “_” and “+”."
                    )
                    % {"value": _shown(value)},
                )
            elif value == OTHER:
                self._wrong(path, _("Remove “other”. It is always allowed, for all values that you don't list."))
        texts = tuple(value for value in values if isinstance(value, str))
        if len(set(texts)) < len(texts):
            self._wrong(path, _("List each value only once."))
        return texts

    def _bounds(self, table: Table, path: Path) -> tuple[int | float, ...]:
        bounds = self._list(table, path, MAX_BOUNDS)
        are_numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in bounds)
        if not are_numbers or not all(abs(one) < 1e15 and math.isfinite(one) for one in bounds):
            self._wrong(path, _("Write the bounds of a bucket as numbers, such as [1, 5, 30]."))
            return ()
        if any(later <= earlier for earlier, later in itertools.pairwise(bounds)):
            self._wrong(path, _("Write the bounds of a bucket in rising order, each only once."))
        return tuple(bounds)

    def _list(self, table: Table, path: Path, most: int) -> list[Any]:
        items = table.get(path[-1])
        if not isinstance(items, list) or not 0 < len(items) <= most:
            text = _("“%(key)s” is missing or wrong. Write a list of 1 to %(most)d, in square brackets.")
            self._wrong(path, text % {"key": path[-1], "most": most})
            return []
        return items

    def _date(self, table: Table, path: Path) -> date:
        day = table.get(path[-1])
        if not isinstance(day, date) or isinstance(day, datetime):
            text = _("“%(key)s” is missing or not a date. Write one like 2027-12-31, without quotes and time.")
            self._wrong(path, text % {"key": _shown(path[-1])})
            return date.min
        return day

    def _link(self, table: Table, path: Path, *, is_required: bool = False) -> str:
        if path[-1] not in table and not is_required:
            return ""
        return self._text_of(table, path, _LINK, _("Write the address of a web page or an issue: https://…"))

    def _flag(self, table: Table, path: Path) -> bool:
        value = table.get(path[-1], False)
        if not isinstance(value, bool):
            self._wrong(path, _("Write “%(key)s” as true or false, without quotes.") % {"key": path[-1]})
        return value is True

    def _one_of(self, table: Table, path: Path, values: tuple[Any, ...]) -> Any:
        value = table.get(path[-1])
        if value not in values:
            self._none_of(path, values)
            return values[-1]
        return value

    def _none_of(self, path: Path, values: tuple[str, ...]) -> None:
        text = _("“%(key)s” is missing or wrong. Write one of these: %(values)s.")
        self._wrong(path, text % {"key": path[-1], "values": ", ".join(f'"{one}"' for one in values)})

    def _text_of(self, table: Table, path: Path, form: re.Pattern[str] | None = None, help_text: str = "") -> str:
        value = table.get(path[-1])
        if not isinstance(value, str) or not value.strip():
            help_text = help_text or _("Write some words in quotes.")
            self._wrong(path, _("“%(key)s” is missing or not a text.") % {"key": path[-1]} + f" {help_text}")
            return ""
        if form is not None and (len(value) > MAX_TEXT or not form.fullmatch(value)):
            self._wrong(path, _("“%(key)s” can't be used.") % {"key": path[-1]} + f" {help_text}")
            return value
        most = MAX_NAME if path == ("program", "name") else MAX_TEXT
        if len(value) > most:
            text = _("“%(key)s” has %(count)d characters. Write at most %(most)d.")
            self._wrong(path, text % {"key": path[-1], "count": len(value), "most": most})
        try:
            for line in [value] if path == ("program", "name") else value.split("\n"):
                validate_title(line.strip(" \t"))
        except ValidationError as error:
            self._wrong(path, _("“%(key)s” can't be used.") % {"key": path[-1]} + f" {error.messages[0]}")
        return value

    def _named_table(self, name: str, tables: Table, path: Path) -> Table:
        if not NAME.fullmatch(name):
            text = _(
                "“%(name)s” is not a name. Write up to 40 letters a to z, digits and “_”, beginning with a letter."
            )
            self._wrong(path, text % {"name": _shown(name)})
        return self._table({path[-1]: tables[name]}, path)

    def _table(self, tables: Table, path: Path, *, is_required: bool = False) -> Table:
        table = tables.get(path[-1])
        if isinstance(table, dict):
            return table
        if table is not None or is_required:
            text = _("A table is missing. Begin it with a line that says [%(name)s].")
            self._wrong(path, text % {"name": ".".join(map(_shown, path))})
        return {}

    def _only(self, table: Table, path: Path, allowed: set[str]) -> None:
        for key in table:
            if key in allowed or self.has_more:
                continue
            close = difflib.get_close_matches(key[:MAX_NAME], allowed, n=1)
            if close:
                text = _("“%(key)s” is not known here. Did you mean “%(close)s”?")
            else:
                text = _("“%(key)s” is not known here. Remove it, or write one of these: %(allowed)s.")
            self._wrong(
                (*path, key),
                text % {"key": _shown(key), "close": "".join(close), "allowed": ", ".join(sorted(allowed))},
            )

    def _wrong(self, path: Path, text: str) -> None:
        """Add a problem, unless there are many. The lines are looked up only if something is wrong."""
        if self._lines is None:
            self._lines = lines_of(self._text)
        problem = Problem(nearest(self._lines, path), text)
        if len(self.problems) == MAX_PROBLEMS:
            self.has_more = True
        elif problem not in self.problems:
            self.problems.append(problem)


def _shown(value: object) -> str:
    """Return the beginning of a wrong value for a message, as one line."""
    if isinstance(value, int) and value.bit_length() > 64:  # Python does not write numbers of 5,000 digits
        return "…"
    text = str(value)
    return "".join(one if one.isprintable() else "?" for one in text[:40]) + "…" * (len(text) > 40)
