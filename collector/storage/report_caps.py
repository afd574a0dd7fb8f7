"""A cap on what strangers can invent in reports: versions, runtimes, upgrades and values of properties of a day.

What the declaration names always has counts of its own. Of the rest, the first ones of a day have, and all others count
as `other`. Systems, architectures and the like come from closed lists. CI, agents and containers, which are no
installations, have caps of their own: each build may report a version that nobody installs. So have other SDKs.
"""

from collections import OrderedDict
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models import QuerySet

from collector.models import LeftOutCount, ReportCount, ReportDimension
from collector.models.programs import INSTALLED, OF_OTHER_SDKS
from collector.programs.declaration import DeclarationError, read_declaration
from collector.programs.forms import OTHER
from collector.programs.releases import stored_releases

MAX_VERSIONS = 100  # and as many values of each property
MAX_RUNTIMES = 50
MAX_UPGRADES = 200  # between versions that the declaration names, and as many others
MAX_REMEMBERED = 200_000  # days of programs, and values of them: some 30 MB. A declaration can allow 50,000 a day
UPGRADE_OF_OTHERS = f"{OTHER}>{OTHER}"

_VERSION, _RUNTIME = int(ReportDimension.VERSION), int(ReportDimension.RUNTIME)
_UPGRADE, _PROPERTY = int(ReportDimension.UPGRADE), int(ReportDimension.PROPERTY)
_RUN_VERSION = int(ReportDimension.RUN_VERSION)
_CAPPED = (_VERSION, _RUNTIME, _UPGRADE, _PROPERTY, _RUN_VERSION)
_LIMITS = {_VERSION: MAX_VERSIONS, _RUNTIME: MAX_RUNTIMES, _RUN_VERSION: MAX_VERSIONS}
# By driver: 0 for our clients' installations, 1 for other SDKs. CI, agents and containers have a third cap.
_REPORTERS = dict.fromkeys(map(int, INSTALLED), 0) | dict.fromkeys(map(int, OF_OTHER_SDKS), 1)
_NO_INSTALLATION = 2
# What has a cap of its own: a dimension, of properties the event and the property, and who reports.
_Group = tuple[int, str, int]


class Named(NamedTuple):
    """What a declaration names: versions, and values of properties such as `build.format=html`."""

    versions: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()


class CountingProgram(NamedTuple):
    """What the drain needs to know of a program. `until_us` is in microseconds since the epoch."""

    pixel_id: int
    project_id: int
    until_us: int  # what was taken later is not stored
    named: Named


class ReportCaps:
    """Remembers the values that each program had on each day. Reads unknown days from the counts.

    `counts` are those of one `LeftOut`: what is left out never displaces what counts, and has caps of its own.
    """

    def __init__(self, counts: QuerySet[LeftOutCount] | None = None) -> None:
        self._counts: QuerySet[Any] = ReportCount.objects.all() if counts is None else counts
        self._days: OrderedDict[tuple[int, str], dict[_Group, set[str]]] = OrderedDict()
        self._remembered = 0

    def forget(self) -> None:
        """Read the counts again next time, because the last batch was not stored."""
        self._days.clear()
        self._remembered = 0

    def make_room(self) -> None:
        """Forget the days that were read first, as long as there is too much. Only between batches: all is stored."""
        while self._remembered > MAX_REMEMBERED:
            _, groups = self._days.popitem(last=False)
            self._remembered -= _size(groups)

    def admitted(self, program: CountingProgram, day: str, driver: int, dimension: int, value: str) -> str:
        """Return what a version, a runtime and the like counts as. One query for a new day of a program."""
        limit = _LIMITS.get(dimension)
        if limit is None or value == OTHER or (dimension != _RUNTIME and value in program.named.versions):
            return value
        group = (dimension, "", _reporter(driver))
        return value if self._admits(program, day, group, value, limit) else OTHER

    def admitted_pair(self, program: CountingProgram, day: str, driver: int, before: str, after: str) -> str:
        """Return what an upgrade counts as. One query for a new day of a program."""
        pair = f"{before}>{after}"
        group = (_UPGRADE, _named_or_not(program.named, pair), _reporter(driver))
        return pair if self._admits(program, day, group, pair, MAX_UPGRADES) else UPGRADE_OF_OTHERS

    def admitted_property(self, program: CountingProgram, day: str, driver: int, path: str, value: str) -> str:
        """Return what a value of a property, such as `build.format`, counts as. One query for a new day."""
        text = f"{path}={value}"
        if value == OTHER or text in program.named.values:
            return text
        group = (_PROPERTY, path, _reporter(driver))
        return text if self._admits(program, day, group, text, MAX_VERSIONS) else f"{path}={OTHER}"

    def _admits(self, program: CountingProgram, day: str, group: _Group, value: str, limit: int) -> bool:
        values = self._of_day(program, day).setdefault(group, set())
        if value in values:
            return True
        if len(values) >= limit:
            return False
        values.add(value)
        self._remembered += 1
        return True

    def _of_day(self, program: CountingProgram, day: str) -> dict[_Group, set[str]]:
        key = (program.pixel_id, day)
        groups = self._days.get(key)
        if groups is None:
            groups = self._days[key] = _counted(self._counts, program, day)
            self._remembered += _size(groups)
        return groups


def _size(groups: dict[_Group, set[str]]) -> int:
    return 1 + sum(map(len, groups.values()))


def _counted(all_counts: QuerySet[Any], program: CountingProgram, day: str) -> dict[_Group, set[str]]:
    """Return the values that a day already has, without those that the declaration names. One query."""
    counts = all_counts.filter(
        project_id=program.project_id, pixel_id=program.pixel_id, dimension__in=_CAPPED, date=day
    )
    groups: dict[_Group, set[str]] = {}
    for dimension, value, driver in counts.values_list("dimension", "value", "driver").distinct():
        name = ""
        if dimension == _UPGRADE:
            name, is_free = _named_or_not(program.named, value), value == UPGRADE_OF_OTHERS
        elif dimension == _PROPERTY:
            name, _, text = value.partition("=")
            is_free = text == OTHER or value in program.named.values
        else:
            is_free = value == OTHER
            is_free |= dimension != _RUNTIME and value in program.named.versions
        if not is_free:
            groups.setdefault((dimension, name, _reporter(driver)), set()).add(value)
    return groups


def _reporter(driver: int) -> int:
    return _REPORTERS.get(driver, _NO_INSTALLATION)


def _named_or_not(named: Named, pair: str) -> str:
    before, _, after = pair.partition(">")
    return "named" if before in named.versions and after in named.versions else ""


@lru_cache(maxsize=256)
def named_by(declaration: str, releases: str = "") -> Named:
    """Return what a declaration and its releases name. Of one that can't be read any more, nothing is known."""
    try:
        program = read_declaration(declaration)
    except DeclarationError:
        return Named()
    versions = program.versions
    values: set[str] = set()
    for event in program.events.values():
        for declared in event.properties.values():
            texts = ("true", "false") if declared.type == "flag" else declared.values
            values.update(f"{event.name}.{declared.name}={text}" for text in texts)
    named = {versions.newest, *versions.supported, *versions.withdrawn, *versions.released, *stored_releases(releases)}
    return Named(frozenset(named - {""}), frozenset(values))
