"""A program as its developer declared it: what it may report, why, and under which conditions.

The client, the server's checks, the public page and the titles of charts are all made from this.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from collector.programs.forms import OTHER, is_version

Kind = Literal["command", "desktop", "library", "server"]
Mode = Literal["ask", "notice", "off"]
PropertyType = Literal["choice", "bucket", "flag", "version"]
Door = Literal["posthog", "aptabase", "otlp"]  # whose SDKs may report, too
SCHEMA_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Property:
    """One declared property of an event. `values` are of a choice; `bounds` and `unit` of a bucket.

    A number below `bounds[0]` is in bin 0, one from `bounds[-1]` on in the last bin: there is one bin more than bounds.
    """

    name: str
    type: PropertyType
    reason: str
    values: tuple[str, ...] = ()
    bounds: tuple[int | float, ...] = ()
    unit: str = ""

    @property
    def bins(self) -> int:
        return len(self.bounds) + 1

    def admits(self, value: object) -> bool:
        """Whether a report may give this value in `p`. A bucket has no values there, only in `h`."""
        if self.type == "flag":
            return isinstance(value, bool)
        if not isinstance(value, str):
            return False
        if self.type == "choice":
            return value in self.values or value == OTHER
        return self.type == "version" and (value == OTHER or is_version(value))

    def fields(self, event: str) -> list[str]:
        """Return what it lets a report say, one text each; the same in all clients. More of them is a wider schema."""
        path = f"{event}.{self.name}"
        if self.type == "choice":
            return [f"{path}={value}" for value in self.values]
        if self.type == "bucket":
            return [f"{path} bucket {','.join(f'{bound:.15g}' for bound in self.bounds)}"]
        return [f"{path} {self.type}"]


@dataclass(frozen=True, slots=True)
class Event:
    """One declared event, neither recorded nor accepted after the day `until`. A failure has a property `class`."""

    name: str
    reason: str
    until: date
    link: str = ""
    is_failure: bool = False
    properties: Mapping[str, Property] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Versions:
    """What the developer says about versions.

    `supported` has versions or their beginnings, such as 2.4 for all 2.4.x.
    """

    newest: str = ""
    supported: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    released: Mapping[str, date] = field(default_factory=dict)

    def counted_as(self, version: str) -> str:
        """Return a version as it counts: itself, or `other` if it was never released.

        Where nothing says what was released, each version counts as itself.
        """
        is_named = version in {self.newest, *self.withdrawn, *self.supported} or version in self.released
        return version if is_named or not self.released else OTHER

    def as_counted(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Return numbers by version, with those together that count as one."""
        sums: Counter[str] = Counter()
        for version, number in counts.items():
            sums[self.counted_as(version)] += number
        return dict(sums)

    def is_supported(self, version: str) -> bool:
        return any(version == one or version.startswith((f"{one}.", f"{one}-")) for one in self.supported)


@dataclass(frozen=True, slots=True)
class Program:
    """A whole declaration. `id` names directories and environment variables on the device, `name` is for people.

    `public` has those of `forms.PUBLIC_PANELS` whose statistics everybody may see.
    `sdks` are the other telemetry libraries whose requests are taken, too.
    """

    id: str
    name: str
    kind: Kind
    mode: Mode
    why: str
    contact: str
    link: str = ""
    with_country: bool = False
    reports_from_ci: bool = False
    reports_from_agents: bool = False
    public: tuple[str, ...] = ()
    sdks: tuple[Door, ...] = ()
    versions: Versions = field(default_factory=Versions)
    events: Mapping[str, Event] = field(default_factory=dict)

    def fields(self) -> list[str]:
        """Return everything a report may say besides what all reports say, one text each, sorted."""
        return sorted(self._fields())

    @property
    def schema(self) -> str:
        """The name of the schema: 16 hexadecimal digits of the SHA-256 of its fields."""
        content = json.dumps(self.fields(), separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()[:SCHEMA_DIGITS]

    @property
    def variable(self) -> str:
        """The beginning of its environment variables, such as `MY_TOOL` in `MY_TOOL_TELEMETRY`."""
        return self.id.upper().replace("-", "_")

    def _fields(self) -> Iterator[str]:
        if self.with_country:
            yield "country"
        for event in self.events.values():
            yield event.name
            for declared in event.properties.values():
                yield from declared.fields(event.name)
