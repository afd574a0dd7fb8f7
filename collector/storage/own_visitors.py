"""Filter out the readings of members who use the dashboard: their visitors' hits are `own`, from the day's first on.

A line of the spool says which visitor a member is on a day. It may be drained before or after the hits of this visitor,
and by another drain. The result is the same: `store_own_visitors` judges the stored hits again while no drain stores
hits of the project, and `mark_own` judges those that are stored later. A visitor's hits leave the counts as a whole, so
that no other visitor's flags change. The lines may be stored again and again: a drain that was killed reads them twice.

Of an `own` hit only the page, the platform and the moment are kept, as of one from the project's own addresses.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from msgspec.structs import replace

from collector.models import DailyReading, DailyVisitor, Hit, Membership, OwnVisitor, Pixel, Position, Project, Verdict
from collector.models.counts import WHOLE_PROJECT
from collector.spool.own_line import SpooledMember
from collector.storage.bulk_sql import MAX_PARAMETERS, chunks, columns_from_json, fetch_for_rows
from collector.storage.countable import COLUMNS, Row, countables, is_readers, visitor_of
from collector.storage.counts import Counts
from collector.storage.enrich import EnrichedHit
from collector.storage.labels import has_todays_labels
from collector.storage.moments import EpochSecond
from collector.storage.rebuild import count_again
from collector.storage.salts import is_kept
from collector.storage.version import hold_version

MAX_BROWSERS = 5  # of a member on a day: addresses and user agents
PROJECTS_AT_ONCE = 100  # in one transaction
VISITORS_AT_ONCE = MAX_PARAMETERS // 2  # in one statement, which has room for other parameters, too
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OWN = int(Verdict.OWN)
SETTLING = timedelta(days=3)  # longer than any day whose salt is kept
_FACTS = ("new_to_pixel", "new_to_project", "at", "id")  # read beside `COLUMNS`
# Citus sees in the list of projects which shards to ask.
FIND_POSTGRESQL = f"""
    /* own_visitors.find */
    SELECT own.project_id, own.date::text, own.visitor
    FROM (SELECT project_id::int, date::date FROM {columns_from_json(2)} AS row (project_id, date)) AS day
        JOIN collector_ownvisitor AS own ON own.project_id = day.project_id AND own.date = day.date
    WHERE own.project_id = ANY(%s)
"""
FIND_SQLITE = """
    /* own_visitors.find */
    SELECT own.project_id, own.date || '', own.visitor
    FROM json_each(%s) AS day
        CROSS JOIN collector_ownvisitor AS own
            ON own.project_id = json_extract(day.value, '$[0]') AND own.date = json_extract(day.value, '$[1]')
"""
UPDATE_HIT = f"""
    /* own_visitors.update_hit */
    UPDATE collector_hit SET verdict = {_OWN}, visitor = NULL, user_agent_id = NULL, country = '', language = '',
        new_to_pixel = false, new_to_project = false, reading_seconds = NULL
    WHERE project_id = %s AND at = %s AND id = %s
"""


class MemberVisitor(NamedTuple):
    """A visitor of a project on one of its local days, in ISO 8601, who is a member."""

    project_id: int
    date: str
    visitor: int


def mark_own(hits: Sequence[EnrichedHit]) -> None:
    """Mark those of the hits that members made, before they are stored. One query, two if there are own visitors.

    While a project counts members, forget those who come: one statement for each. Otherwise these hits would count, but
    not under `reclassify`, once the option is on again. When such a visitor is told again, the whole day is judged.

    The caller has locked their projects: no other drain stores own visitors of these until the transaction ends.
    """
    remembered = _remembered({(hit.project_id, hit.date) for hit in hits})
    if not remembered:
        return
    counted = set()
    for hit in hits:
        visitor = (hit.project_id, hit.date, hit.visitor or 0)
        if visitor not in remembered or not is_readers(hit.position, hit.verdict, hit.traffic, hit.visitor):
            continue
        if not remembered[visitor]:
            counted.add(visitor)
            continue
        hit.verdict = _OWN
        hit.visitor = hit.user_agent_id = None
        hit.country = hit.language = hit.device = hit.browser = hit.os = ""
        hit.has_visitor = False
    for project_id, day, visitor_hash in sorted(counted):  # sorted, so that two drains never deadlock
        OwnVisitor.objects.filter(project_id=project_id, date=day, visitor=visitor_hash).delete()


def store_own_visitors(members: Iterable[SpooledMember]) -> None:
    """Remember which visitors are members, and judge their stored hits again.

    One query if all are known, else five statements for each project, and some ten where hits are judged again.
    """
    now = timezone.now()
    visitors = {
        MemberVisitor(member.project_id, member.date, member.visitor)
        for member in members
        if _is_plausible(member, now)
    }
    if not visitors:
        return
    known = _remembered({(visitor.project_id, visitor.date) for visitor in visitors})
    by_project: dict[int, list[MemberVisitor]] = defaultdict(list)
    for visitor in sorted(visitor for visitor in visitors if visitor not in known):
        by_project[visitor.project_id].append(visitor)
    # Drains share their lock on a project with each other, but not with this one (`store.lock_pixels`). Nobody may wait
    # for it who holds that of another project: a drain could wait for that one. So what is free comes first.
    for project_ids in chunks(list(by_project), PROJECTS_AT_ONCE):
        with transaction.atomic():
            hold_version()
            free = Project.objects.select_for_update(skip_locked=True).filter(pk__in=project_ids)
            for project in free:
                _store(project, by_project.pop(project.pk), now)
    for project_id, new_visitors in by_project.items():
        with transaction.atomic():
            hold_version()
            for project in Project.objects.select_for_update().filter(pk=project_id):
                _store(project, new_visitors, now)


def own_visitors(project: Project) -> dict[str, set[int]]:
    """Return the visitors who are remembered as members of a project, by day in ISO 8601. Two queries."""
    by_day: dict[str, set[int]] = defaultdict(set)
    if not Project.objects.filter(pk=project.pk, ignores_members=True).exists():
        return by_day
    for day, visitor in OwnVisitor.objects.filter(project=project).values_list("date", "visitor"):
        by_day[day.isoformat()].add(visitor)
    return by_day


def _remembered(days: set[tuple[int, str]]) -> dict[tuple[int, str, int], bool]:
    """Return the own visitors of projects and days, and whether the project ignores members now.

    One query, and if there are any, one for each 900 projects: on Citus, projects are not where their visitors are.
    """
    project_ids = sorted({project_id for project_id, _ in days})
    rows = fetch_for_rows(FIND_POSTGRESQL, FIND_SQLITE, sorted(days), project_ids)
    ignoring: dict[int, bool] = {}
    for some in chunks({project_id for project_id, _, _ in rows}):
        ignoring |= dict(Project.objects.filter(pk__in=some).values_list("pk", "ignores_members"))
    return {(row[0], row[1], row[2]): ignoring[row[0]] for row in rows if row[0] in ignoring}


def _is_plausible(member: SpooledMember, now: datetime) -> bool:
    """Say whether a line may name this day: a local one of its moment, whose salt is kept. It may have waited long."""
    try:
        day = date.fromisoformat(member.date)
    except ValueError:
        return False
    taken_on = (EPOCH + timedelta(microseconds=member.at_us)).date()
    return abs((day - taken_on).days) <= 1 and is_kept(member.date, now)


def _store(project: Project, visitors: Sequence[MemberVisitor], now: datetime) -> None:
    """Store own visitors of a project that the caller has locked, if it ignores members, and judge their hits again."""
    if not project.ignores_members:
        return
    by_day = _admitted(project, visitors)
    OwnVisitor.objects.bulk_create(
        [
            OwnVisitor(project=project, date=day, visitor=visitor)
            for day, of_day in by_day.items()
            for visitor in of_day
        ],
        ignore_conflicts=True,
    )
    if _has_changed_zone(project, now):
        return
    for day, of_day in by_day.items():
        if not (has_todays_labels(project, date.fromisoformat(day)) or _can_be_counted_again(project, day)):
            continue
        filtered_out = sum(_filter_out(project, day, some) for some in chunks(of_day, VISITORS_AT_ONCE))
        if filtered_out and day < _open_day(project, now):
            project.recounted_at = now  # tells caches of counts that theirs are out of date
            project.save(update_fields=["recounted_at"])


def _admitted(project: Project, visitors: Sequence[MemberVisitor]) -> dict[str, list[int]]:
    """Return new own visitors of a project by day: with those remembered, `MAX_BROWSERS` for each member. Two queries.

    A line names no member. So the members of a project share their number, and a web process holds each to
    `MAX_BROWSERS`. Without a bound, a member at an address of many readers could filter them all out, one user agent
    after another.
    """
    most = MAX_BROWSERS * Membership.objects.filter(project=project).count()
    of_days = OwnVisitor.objects.filter(project=project, date__in={visitor.date for visitor in visitors})
    remembered = Counter(day.isoformat() for day in of_days.values_list("date", flat=True))
    admitted: dict[str, list[int]] = defaultdict(list)
    for visitor in visitors:
        if remembered[visitor.date] < most:
            remembered[visitor.date] += 1
            admitted[visitor.date].append(visitor.visitor)
    return admitted


def _has_changed_zone(project: Project, now: datetime) -> bool:
    """Say whether days that are judged again may have been counted in another time zone. Their hits stay counted."""
    if project.counted_zone in {"", project.timezone}:
        return False
    return project.zone_changed_at is None or project.zone_changed_at > now - SETTLING


def _can_be_counted_again(project: Project, day: str) -> bool:
    """Say whether a day, and each later one, has all of its hits. On others, hits stay counted."""
    return project.counted_from is None or date.fromisoformat(day) > project.counted_from


def _open_day(project: Project, now: datetime) -> str:
    """Return the project's day, or the next one if that is about to begin: views may soon take this one for over."""
    return (now + timedelta(minutes=1)).astimezone(project.zone).date().isoformat()


def _filter_out(project: Project, day: str, visitors: Collection[int]) -> int:
    """Take the stored hits of visitors on a day out of the counts, forget these visitors, and return how many hits.

    At most `VISITORS_AT_ONCE` visitors.
    """
    remembered = Q(project=project, date=day, visitor__in=visitors)
    pixels = Q(pixel_id__in=Pixel.objects.filter(project=project).values("pk"))
    starts = DailyVisitor.objects.filter(remembered & pixels, started_us__isnull=False)
    readings = DailyReading.objects.filter(remembered & pixels, position__in=Position.values)
    moments = [*starts.values_list("started_us", flat=True), *readings.values_list("at_us", flat=True)]
    if not moments:
        return 0
    rows = _hits_at(project, {at_us for at_us in moments if at_us}, visitors)
    filtered_out = _count_as_own(project, date.fromisoformat(day), rows)
    DailyVisitor.objects.filter(remembered & (pixels | Q(pixel_id=WHOLE_PROJECT))).delete()
    readings.delete()
    return filtered_out


def _hits_at(project: Project, moments: Iterable[int], visitors: Collection[int]) -> list[Row]:
    """Return the columns of what these visitors loaded at these moments, found by index. One query for 900 moments."""
    hits = Hit.objects.filter(project=project, visitor__in=visitors).annotate(second=EpochSecond("at"))
    rows: list[Row] = []
    for some in chunks(sorted(moments), MAX_PARAMETERS - len(visitors)):
        at = [EPOCH + timedelta(microseconds=at_us) for at_us in some]
        rows += hits.filter(at__in=at).values_list(*COLUMNS, *_FACTS)
    return rows


def _count_as_own(project: Project, day: date, rows: Sequence[Row]) -> int:
    """Judge the visits and ends among stored hits again as `own`, count them so, and return their number.

    They are hits of one day. If what they counted in is not known any more, that day and later ones are counted again.
    """
    former, counts = Counts(), Counts()
    updates: list[Row] = []
    moment = connection.ops.adapt_datetimefield_value
    stored = [row[: -len(_FACTS)] for row in rows]
    for row, hit in zip(rows, countables(project, stored), strict=True):
        if not is_readers(hit.position, hit.verdict, hit.traffic, visitor_of(row)):
            continue
        hit.new_to_pixel, hit.new_to_project, at, hit_id = row[-len(_FACTS) :]
        former.add(hit)
        counts.add(replace(hit, verdict=_OWN, reading_seconds=None))
        updates.append((project.pk, moment(at), hit_id))
    if not updates:
        return 0
    with connection.cursor() as cursor:
        cursor.executemany(UPDATE_HIT, updates)
    if has_todays_labels(project, day):
        counts.remove(former)
        counts.store()
    else:
        count_again(project, day)
    return len(updates)
