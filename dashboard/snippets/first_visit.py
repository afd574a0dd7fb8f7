"""Whether the first visit has come, for an author who has just pasted a snippet, and why it may not come.

Of one pixel, or of a whole project. A reading of the author's own is not a visit, but it shows that the pixel works.
The newest hits answer (see `recent_hits`); the daily counts answer for the time before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from collector.classify.platforms import DIRECT, OTHER, platform_name
from collector.classify.readable import readable_host
from collector.models import DailyCount, Dimension, Hit, Pixel, Project, Verdict
from collector.models.counts import WHOLE_PROJECT
from collector.storage.countable import VISITS
from dashboard import formatting
from dashboard.snippets.recent_hits import WINDOW, RecentHits, add_up, hits_in_window
from dashboard.visits import queries
from dashboard.visits.periods import DAY

# `WORKS`: nobody has visited yet, but the author's own reading has arrived.
WAITING, WORKS, SEEN, RETIRED = "waiting", "works", "seen", "retired"

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
    int(Verdict.OWN): ngettext_lazy(
        "%(number)s hit was filtered out %(ago)s: it came from a member. The snippet works.",
        "%(number)s hits were filtered out, the last one %(ago)s: they came from members. The snippet works.",
        "count",
    ),
    int(Verdict.PREVIEW): ngettext_lazy(
        "%(number)s hit was filtered out %(ago)s: its page is on a private host, such as localhost.",
        "%(number)s hits were filtered out, the last one %(ago)s: their pages are on private hosts, such as localhost.",
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
    """What the page says now. `state` is waiting, works, seen or retired; `version` changes whenever there is news.

    `is_awaited` tells that the visit that the page waits for has not come.
    """

    state: str
    words: str
    notes: list[str]
    version: str
    is_awaited: bool


def first_visit_status(pixel: Pixel, now: datetime, since: datetime | None = None) -> FirstVisitStatus:
    """Return whether `pixel` was visited, and what else came lately. At most five queries, however many hits.

    The page waits for a visit after `since`; without `since`, for one of the last hour. `pixel.project` must be loaded
    already.
    """
    if pixel.retired_at is not None:
        words = _("This pixel is retired. Readers still get an image, but nothing is counted.")
        return FirstVisitStatus(RETIRED, words, [], RETIRED, is_awaited=False)
    return _status(pixel.project, pixel, now, since)


def first_visit_status_of_project(project: Project, now: datetime) -> FirstVisitStatus:
    """Return whether any article of a project was visited in the last hour. At most five queries."""
    return _status(project, None, now, None)


def _status(project: Project, pixel: Pixel | None, now: datetime, since: datetime | None) -> FirstVisitStatus:
    scope = pixel.pk if pixel else WHOLE_PROJECT
    first_day = queries.first_day(project, scope)
    hits = hits_in_window(project, pixel, now)
    recent = add_up(hits)
    notes = [*_current_obstacles(project, pixel, now), *_notes_on_hits(recent, now)]
    state = SEEN if recent.last_at else WORKS if recent.proof else WAITING
    if recent.proof is not None:
        words = _words_on_proof(hits, recent.proof, now)
    elif recent.first_at is None or recent.last_at is None:
        words = _words_without_visit(first_day)
    else:
        is_first = not _was_visited_before(project, scope, first_day, recent.visits, now)
        described_hits = hits.filter(VISITS, at=recent.first_at if is_first else recent.last_at)
        words = _words_on_visit(project, described_hits, now, is_first=is_first)
    is_awaited = recent.last_at is None or (since is not None and recent.last_at < since)
    return FirstVisitStatus(state, words, notes, f"{state} {first_day} {recent.version}", is_awaited)


def _was_visited_before(
    project: Project, scope: int, first_day: date | None, recent_visits: int, now: datetime
) -> bool:
    """Tell whether there were more visits than those of the last hour. At most one query, of the daily counts."""
    if first_day is None:
        return False
    if first_day < timezone.localdate(now - WINDOW, project.zone):
        return True
    today = timezone.localdate(now, project.zone)
    days = [first_day + number * DAY for number in range((today - first_day).days + 1)]
    totals = DailyCount.objects.filter(project=project, pixel_id=scope, dimension=Dimension.TOTAL, date__in=days)
    return bool((totals.aggregate(hits=Sum("hits"))["hits"] or 0) > recent_visits)


def _words_without_visit(first_day: date | None) -> str:
    if first_day is None:
        return _("Waiting for the first visit…")
    return _("No visit in the last hour. The first visit was on %(day)s. Waiting for the next one…") % {
        "day": formatting.day(first_day, "j M Y")
    }


def _words_on_visit(project: Project, hits: QuerySet[Hit], now: datetime, *, is_first: bool) -> str:
    """Say when the visit in `hits` came and from where. One query."""
    hit = hits.select_related("page").first()
    if hit is None:  # deleted since we added up
        return _words_without_visit(None)
    host, platform = _host(hit), _platform(hit)
    facts = {
        "ago": _time_ago(hit.at, now),
        "clock": date_format(timezone.localtime(hit.at, project.zone), "H:i:s"),
        "zone": project.timezone,
        "where": host or platform,
    }
    if is_first and host:
        return _("First visit seen %(ago)s, at %(clock)s (%(zone)s), from %(where)s.") % facts
    if is_first and platform:
        return _("First visit seen %(ago)s, at %(clock)s (%(zone)s), on %(where)s.") % facts
    if is_first:
        return _("First visit seen %(ago)s, at %(clock)s (%(zone)s).") % facts
    if host:
        return _("Last visit seen %(ago)s, at %(clock)s (%(zone)s), from %(where)s.") % facts
    if platform:
        return _("Last visit seen %(ago)s, at %(clock)s (%(zone)s), on %(where)s.") % facts
    return _("Last visit seen %(ago)s, at %(clock)s (%(zone)s).") % facts


def _words_on_proof(hits: QuerySet[Hit], proof: int, now: datetime) -> str:
    """Say that the author's own reading arrived, and that it does not count. One query."""
    hit = hits.filter(verdict=proof).order_by("-at").select_related("page").first()
    if hit is None:  # deleted since we added up
        return _words_without_visit(None)
    where = _host(hit) if proof == Verdict.PREVIEW else _platform(hit) or _host(hit)
    words = _("Your own visit arrived %(ago)s. The pixel works; your own readings don’t count.")
    if where:
        words = _("Your own visit from %(where)s arrived %(ago)s. The pixel works; your own readings don’t count.")
    if where and proof == Verdict.PREVIEW:
        words = _("A preview on %(where)s arrived %(ago)s. The pixel works; previews don’t count.")
    return words % {"where": where, "ago": _time_ago(hit.at, now)}


def _host(hit: Hit) -> str:
    """Return the host of the page that showed the pixel, or an empty text if it is unknown."""
    return readable_host(hit.page.host) if hit.page and hit.page.url != OTHER else ""


def _platform(hit: Hit) -> str:
    """Return the name of the platform, or an empty text if it is unknown."""
    return "" if hit.platform in {DIRECT, OTHER} else platform_name(hit.platform)


def _current_obstacles(project: Project, pixel: Pixel | None, now: datetime) -> Iterator[str]:
    """Yield why a visit would not be counted at this moment."""
    if pixel and (paused_until := pixel.paused_until(now)):
        until = date_format(paused_until, "H:i")
        yield _("Counting is paused until %(until)s (%(zone)s). Hits until then are filtered out.") % {
            "until": until,
            "zone": project.timezone,
        }
    if project.drops_opted_out:
        yield _(
            "This project does not count readers who opt out. If your browser sends Sec-GPC or DNT, your own visit "
            "will not appear here."
        )


def _notes_on_hits(recent: RecentHits, now: datetime) -> Iterator[str]:
    """Yield what else came in the last hour, and why it is not a visit of a known platform."""
    for verdict, sentence in _FILTERED_OUT.items():
        reason = recent.filtered_out.get(verdict)
        if reason is not None and verdict != recent.proof:
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
