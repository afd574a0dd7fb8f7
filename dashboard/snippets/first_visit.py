"""Whether a pixel's first visit has come, for an author who has just pasted a snippet, and why it may not come.

The snippets page asks every few seconds. That is why only the newest hits are read: those of the last hour, and at
most `MAX_HITS` of a busy project. The daily counts answer for the time before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, DateTimeField, Max, Min, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from collector.classify.platforms import DIRECT, OTHER, platform_name
from collector.classify.readable import readable_host
from collector.models import DailyCount, Dimension, Hit, Pixel, Position, Traffic, Verdict
from collector.storage.countable import READERS, is_visit
from dashboard import formatting
from dashboard.visits import queries
from dashboard.visits.periods import DAY

WINDOW = timedelta(hours=1)
MAX_HITS = 20_000  # of a project: how many are searched for those of one pixel

WAITING, SEEN, RETIRED = "waiting", "seen", "retired"

_VISITS = Q(position=Position.START, verdict__in=READERS) & ~Q(traffic=Traffic.BOT)
# What to say of hits that were filtered out. First come the reasons that an author can do something about.
_FILTERED_OUT = {
    int(Verdict.MUTED): ngettext_lazy(
        "%(number)s hit was filtered out %(ago)s: counting was paused.",
        "%(number)s hits were filtered out, the last one %(ago)s: counting was paused.",
        "count",
    ),
    int(Verdict.EXCLUDED): ngettext_lazy(
        "%(number)s hit was filtered out %(ago)s: it came from the project’s own addresses.",
        "%(number)s hits were filtered out, the last one %(ago)s: they came from the project’s own addresses.",
        "count",
    ),
    int(Verdict.EXCESS): ngettext_lazy(
        "%(number)s hit was filtered out %(ago)s: it was over the rate limit for one address.",
        "%(number)s hits were filtered out, the last one %(ago)s: they were over the rate limit for one address.",
        "count",
    ),
    int(Verdict.PREFETCH): ngettext_lazy(
        "%(number)s hit was filtered out %(ago)s: a browser loaded the page before anyone looked.",
        "%(number)s hits were filtered out, the last one %(ago)s: browsers loaded the page before anyone looked.",
        "count",
    ),
    int(Verdict.SUSPECT): ngettext_lazy(
        "%(number)s hit was filtered out %(ago)s: it had inconsistent browser headers.",
        "%(number)s hits were filtered out, the last one %(ago)s: they had inconsistent browser headers.",
        "count",
    ),
    int(Verdict.BOT): ngettext_lazy(
        "%(number)s hit was filtered out %(ago)s: it came from a bot, such as a link preview.",
        "%(number)s hits were filtered out, the last one %(ago)s: they came from bots, such as link previews.",
        "count",
    ),
}


@dataclass(frozen=True, slots=True)
class FirstVisitStatus:
    """What the page says now. `state` is waiting, seen or retired; `version` changes whenever there is news."""

    state: str
    words: str
    notes: list[str]
    version: str


class HitGroup(NamedTuple):
    """The recent hits of one verdict, position and traffic. `undeclared` is a placement that the pixel lacks."""

    verdict: int
    position: int
    traffic: int
    hits: int
    first_at: datetime
    last_at: datetime
    undeclared: str | None


@dataclass(slots=True)
class FilteredOut:
    """How many recent hits were filtered out for one reason, and when the last one came."""

    hits: int
    last_at: datetime


@dataclass(slots=True)
class RecentHits:
    """The recent hits of a pixel, added up. Moments are None where there was no such hit.

    `end_at` is when a reader last loaded the image at the end of the article; `undeclared` is a placement that a visit
    named and the pixel lacks, or empty; `filtered_out` has only the verdicts of these hits.
    """

    visits: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    end_at: datetime | None = None
    undeclared: str = ""
    filtered_out: dict[int, FilteredOut] = field(default_factory=dict)

    def add(self, group: HitGroup) -> None:
        if is_visit(group.position, group.verdict, group.traffic):
            self.visits += group.hits
            self.first_at = min(self.first_at or group.first_at, group.first_at)
            self.last_at = max(self.last_at or group.last_at, group.last_at)
            self.undeclared = self.undeclared or group.undeclared or ""
        elif group.verdict in READERS and group.traffic != Traffic.BOT:
            self.end_at = max(self.end_at or group.last_at, group.last_at)
        elif group.verdict in _FILTERED_OUT:
            reason = self.filtered_out.setdefault(group.verdict, FilteredOut(0, group.last_at))
            reason.hits += group.hits
            reason.last_at = max(reason.last_at, group.last_at)

    @property
    def version(self) -> str:
        """Return a text that changes with each hit that a note is about."""
        counts = [self.filtered_out[verdict].hits if verdict in self.filtered_out else 0 for verdict in _FILTERED_OUT]
        return f"{self.end_at} {'-'.join(map(str, counts))}"


def first_visit_status(pixel: Pixel, now: datetime, since: datetime | None = None) -> FirstVisitStatus:
    """Return whether `pixel` was visited, and what else came lately. At most five queries, however many hits.

    The state is `seen` if a visit came after `since`; without `since`, if one came in the last hour. `pixel.project`
    must be loaded already.
    """
    if pixel.retired_at is not None:
        words = _("This pixel is retired. Readers still get an image, but nothing is counted.")
        return FirstVisitStatus(RETIRED, words, [], RETIRED)
    first_day = queries.first_day(pixel.project, pixel.pk)
    hits = _hits_in_window(pixel, now)
    recent = _add_up(hits)
    notes = [*_current_obstacles(pixel, now), *_notes_on_hits(recent, now)]
    if recent.first_at is None or recent.last_at is None:
        version = f"{WAITING} {first_day} {recent.version}"
        return FirstVisitStatus(WAITING, _words_without_visit(first_day), notes, version)
    is_first = not _was_visited_before(pixel, first_day, recent.visits, now)
    described_hits = hits.filter(_VISITS, at=recent.first_at if is_first else recent.last_at)
    words = _words_on_visit(pixel, described_hits, now, is_first=is_first)
    state = SEEN if since is None or recent.last_at >= since else WAITING
    return FirstVisitStatus(state, words, notes, f"{state} {recent.last_at} {recent.version}")


def _hits_in_window(pixel: Pixel, now: datetime) -> QuerySet[Hit]:
    """Return the hits of `pixel` among the newest of its project: a short scan at the end of the primary key."""
    since = now - WINDOW
    of_project = Hit.objects.filter(project=pixel.project_id, at__gte=since).order_by("-at")
    oldest = Coalesce(of_project.values("at")[MAX_HITS : MAX_HITS + 1], Value(since), output_field=DateTimeField())
    # The first bound looks superfluous, but PostgreSQL needs it: it can't know the moment of the subquery, expects a
    # third of all hits to be newer, and would read the whole table.
    return Hit.objects.filter(project=pixel.project_id, pixel=pixel).filter(at__gte=since).filter(at__gte=oldest)


def _add_up(hits: QuerySet[Hit]) -> RecentHits:
    """Add up `hits` by what became of them. One query.

    The database groups and Python adds up: the ORM would take longer to build one aggregate for each verdict than the
    database to answer.
    """
    kinds_of_hits = hits.order_by().values_list("verdict", "position", "traffic")
    groups = kinds_of_hits.annotate(
        hits=Count("id"),
        first_at=Min("at"),
        last_at=Max("at"),
        undeclared=Max("placement", filter=Q(platform=OTHER)),
    )
    recent = RecentHits()
    for row in groups:
        recent.add(HitGroup._make(row))
    return recent


def _was_visited_before(pixel: Pixel, first_day: date | None, recent_visits: int, now: datetime) -> bool:
    """Tell whether there were more visits than those of the last hour. At most one query, of the daily counts."""
    if first_day is None:
        return False
    zone = pixel.project.zone
    if first_day < timezone.localdate(now - WINDOW, zone):
        return True
    today = timezone.localdate(now, zone)
    days = [first_day + number * DAY for number in range((today - first_day).days + 1)]
    totals = DailyCount.objects.filter(
        project=pixel.project_id, pixel_id=pixel.pk, dimension=Dimension.TOTAL, date__in=days
    )
    return bool((totals.aggregate(hits=Sum("hits"))["hits"] or 0) > recent_visits)


def _words_without_visit(first_day: date | None) -> str:
    if first_day is None:
        return _("Waiting for the first visit…")
    return _("No visit in the last hour. The first visit was on %(day)s. Waiting for the next one…") % {
        "day": formatting.day(first_day, "j M Y")
    }


def _words_on_visit(pixel: Pixel, hits: QuerySet[Hit], now: datetime, *, is_first: bool) -> str:
    """Say when the visit in `hits` came and from where. One query."""
    hit = hits.select_related("page").first()
    if hit is None:  # deleted since we added up
        return _words_without_visit(None)
    host = readable_host(hit.page.host) if hit.page and hit.page.url != OTHER else ""
    where = host or ("" if hit.platform in {DIRECT, OTHER} else platform_name(hit.platform))
    facts = {
        "ago": _time_ago(hit.at, now),
        "clock": date_format(timezone.localtime(hit.at, pixel.project.zone), "H:i:s"),
        "zone": pixel.project.timezone,
        "where": where,
    }
    if is_first and host:
        return _("First visit seen %(ago)s, at %(clock)s (%(zone)s), from %(where)s.") % facts
    if is_first and where:
        return _("First visit seen %(ago)s, at %(clock)s (%(zone)s), on %(where)s.") % facts
    if is_first:
        return _("First visit seen %(ago)s, at %(clock)s (%(zone)s).") % facts
    if host:
        return _("Last visit seen %(ago)s, at %(clock)s (%(zone)s), from %(where)s.") % facts
    if where:
        return _("Last visit seen %(ago)s, at %(clock)s (%(zone)s), on %(where)s.") % facts
    return _("Last visit seen %(ago)s, at %(clock)s (%(zone)s).") % facts


def _current_obstacles(pixel: Pixel, now: datetime) -> Iterator[str]:
    """Yield why a visit would not be counted at this moment."""
    if paused_until := pixel.paused_until(now):
        until = date_format(paused_until, "H:i")
        yield _("Counting is paused until %(until)s (%(zone)s). Hits until then are filtered out.") % {
            "until": until,
            "zone": pixel.project.timezone,
        }
    if pixel.project.drops_opted_out:
        yield _(
            "This project does not count readers who opt out. If your browser sends Sec-GPC or DNT, your own visit "
            "will not appear here."
        )


def _notes_on_hits(recent: RecentHits, now: datetime) -> Iterator[str]:
    """Yield what else came in the last hour, and why it is not a visit of a known platform."""
    for verdict, sentence in _FILTERED_OUT.items():
        reason = recent.filtered_out.get(verdict)
        if reason is not None:
            yield sentence % {
                "count": reason.hits,
                "number": formatting.exact(reason.hits),
                "ago": _time_ago(reason.last_at, now),
            }
    if recent.end_at is not None and recent.last_at is None:
        yield _("The image at the end was loaded %(ago)s, but only the image at the start counts a visit.") % {
            "ago": _time_ago(recent.end_at, now)
        }
    if recent.undeclared:
        yield _(
            "A visit named the platform “%(platform)s”, which this pixel does not have: it counts as (other). "
            "Add the platform, and later visits count under its name."
        ) % {"platform": recent.undeclared}


def _time_ago(at: datetime, now: datetime) -> str:
    """Return how long ago a moment was, as a part of a sentence."""
    seconds = int((now - at).total_seconds())
    if seconds < 1:
        return _("just now")
    if seconds < 60:
        return ngettext("%(count)s second ago", "%(count)s seconds ago", seconds) % {"count": seconds}
    minutes = seconds // 60
    return ngettext("%(count)s minute ago", "%(count)s minutes ago", minutes) % {"count": minutes}
