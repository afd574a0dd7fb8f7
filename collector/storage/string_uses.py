"""Which projects use which distinct strings, and the deletion of strings that no hit names any more.

The drain notes, in the transaction that stores hits, which strings they name; once a day for each project and string.
Retention deletes these notes with the hits, and a project's deletion takes its notes with it. A string without any note
is deleted.

A drain remembers the ids of strings, and may be about to store a hit that names one which another process deletes.
`Upkeep.string_deletions` prevents that: a deletion changes it while it holds the row's lock, and a drain reads it in
its transaction. If it has changed since the drain looked its strings up, the drain forgets them and looks again.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db import DatabaseError, connection, transaction
from django.db.models import F

from collector.models import Page, StringKind, StringUse, Upkeep, UserAgent
from collector.storage.bulk_sql import chunks, columns_from_json, write_rows
from collector.storage.enrich import EnrichedHit

STEP_STRINGS = 10_000  # looked at by one query
MAX_REMEMBERED = 100_000  # uses
REMEMBERED_DAYS = 1_000
_AGENT, _PAGE = int(StringKind.AGENT), int(StringKind.PAGE)
_TABLES: tuple[tuple[int, type[UserAgent] | type[Page]], ...] = ((_AGENT, UserAgent), (_PAGE, Page))
UseKey = tuple[int, int, int]  # project, kind, id of the string

_UPSERT = """
    /* string_uses.upsert */
    INSERT INTO collector_stringuse (project_id, kind, string_id, seen_before)
    {rows}
    ON CONFLICT (project_id, kind, string_id) DO UPDATE SET seen_before = excluded.seen_before
    WHERE collector_stringuse.seen_before < excluded.seen_before
"""
UPSERT_POSTGRESQL = _UPSERT.format(
    rows="SELECT project_id::int, kind::smallint, string_id::bigint, seen_before::timestamptz"
    f" FROM {columns_from_json(4)} AS row (project_id, kind, string_id, seen_before)"
)
UPSERT_SQLITE = _UPSERT.format(rows="VALUES (%s, %s, %s, %s)")
READ_DELETIONS = "/* string_uses.read_deletions */ SELECT string_deletions FROM collector_upkeep WHERE id = 1"


class StringsDeletedError(DatabaseError):
    """Another process deleted strings since this drain looked its own up."""


class StringUses:
    """What a drain has noted of the strings of its hits."""

    def __init__(self) -> None:
        self._noted: dict[UseKey, str] = {}  # when the newest local day ends
        self._deletions: int | None = None

    def begin(self) -> None:
        """Call this before strings are looked up. Two queries the first time, then none."""
        if self._deletions is None:
            self._deletions = Upkeep.objects.get_or_create(pk=1)[0].string_deletions

    def check(self) -> None:
        """Raise StringsDeletedError if strings were deleted since the last check, or `begin`. Look them up again then.

        Until the caller's transaction ends, no others will be deleted. One query.
        """
        lock = " FOR SHARE" if connection.vendor == "postgresql" else ""
        with connection.cursor() as cursor:
            cursor.execute(READ_DELETIONS + lock)
            row = cursor.fetchone()
        deletions = row[0] if row else None
        if deletions is None or deletions != self._deletions:
            self._deletions = deletions
            self._noted.clear()
            raise StringsDeletedError("another process deleted agents or pages; they are looked up again")

    def note(self, hits: Iterable[EnrichedHit], zones: Mapping[int, str]) -> None:
        """Note which strings these hits name, in the caller's transaction. No statement if all were noted before.

        `zones` has the name of each project's time zone: a note says when the local day of the newest hit ends.
        """
        sightings = {
            (hit.project_id, hit.user_agent_id, hit.page_id, hit.date)
            for hit in hits
            if hit.user_agent_id or hit.page_id
        }
        new: dict[UseKey, str] = {}
        for project_id, agent_id, page_id, day in sightings:
            seen_before = _end_of_day(day, zones[project_id])
            for kind, string_id in ((_AGENT, agent_id), (_PAGE, page_id)):
                key = (project_id, kind, string_id or 0)
                if string_id and seen_before > max(self._noted.get(key, ""), new.get(key, "")):
                    new[key] = seen_before
        if new:
            write_rows(UPSERT_POSTGRESQL, UPSERT_SQLITE, [(*key, new[key]) for key in sorted(new)])
            if len(self._noted) > MAX_REMEMBERED:
                self._noted.clear()
            self._noted |= new

    def forget(self) -> None:
        """Note everything again, because the last batch was not stored."""
        self._noted.clear()


@lru_cache(REMEMBERED_DAYS)
def _end_of_day(day: str, zone: str) -> str:
    """Return the moment at which a local day ends, in UTC, as both databases read it."""
    next_day = datetime.fromisoformat(day) + timedelta(days=1)
    return f"{next_day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def delete_uses(project_id: int, until: datetime) -> int:
    """Delete the notes of a project's strings whose hits all came before a moment, and return their number."""
    uses = StringUse.objects.filter(project_id=project_id)
    if not uses.filter(seen_before__lte=until).exists():
        return 0
    with transaction.atomic():
        _count_deletion()
        deleted: int = uses.filter(seen_before__lte=until).delete()[0]
        return deleted


def delete_unused_strings() -> int:
    """Delete agents and pages that no hit names any more, and return their number.

    Looks at every string, `STEP_STRINGS` at a time, in the order of their ids: two short queries by index for each
    step. Writers only wait while something is deleted.
    """
    deleted = 0
    for kind, model in _TABLES:
        after = 0
        while ids := list(
            model._default_manager.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:STEP_STRINGS]
        ):
            uses = StringUse.objects.filter(kind=kind, string_id__gt=after, string_id__lte=ids[-1])
            used = set(uses.values_list("string_id", flat=True))
            for unused in chunks([pk for pk in ids if pk not in used]):
                deleted += _delete_strings(model, kind, unused)
            after = ids[-1]
    return deleted


def _delete_strings(model: type[UserAgent] | type[Page], kind: int, ids: list[int]) -> int:
    with transaction.atomic():
        _count_deletion()
        used = set(StringUse.objects.filter(kind=kind, string_id__in=ids).values_list("string_id", flat=True))
        unused = [pk for pk in ids if pk not in used]
        deleted: int = model._default_manager.filter(pk__in=unused).delete()[0]
        return deleted


def _count_deletion() -> None:
    """Lock the row that drains read, and change its number."""
    Upkeep.objects.get_or_create(pk=1)
    Upkeep.objects.filter(pk=1).update(string_deletions=F("string_deletions") + 1)
