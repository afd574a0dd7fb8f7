"""Whether a pixel's visits arrive: what an author who has just pasted a snippet waits for, and why nothing may come.

Asked every few seconds while somebody waits, so it looks at the newest hits alone: those of the last hour, and no more
than `MOST_HITS` of a busy project. What was before is known from the counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, Max, Min, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from collector.classify.platforms import DIRECT, OTHER, platform_name
from collector.models import DailyCount, Dimension, Hit, Pixel, Position, Traffic, Verdict
from collector.storage.countable import READERS, is_visit
from dashboard import formatting
from dashboard.visits import queries
from dashboard.visits.periods import DAY

WINDOW = timedelta(hours=1)
MOST_HITS = 20_000  # of a project, that are looked through for those of one pixel

WAITING, SEEN, RETIRED = "waiting", "seen", "retired"

_VISITS = Q(position=Position.START, verdict__in=READERS) & ~Q(traffic=Traffic.BOT)
# Why hits were set aside; in the order in which an author can do something about it.
_SET_ASIDE = {
    Verdict.MUTED: ngettext_lazy(
        "%(number)s request came while counting was paused and was set aside, %(ago)s.",
        "%(number)s requests came while counting was paused and were set aside, the last one %(ago)s.",
        "count",
    ),
    Verdict.EXCLUDED: ngettext_lazy(
        "%(number)s request came from the project’s own addresses and was set aside, %(ago)s.",
        "%(number)s requests came from the project’s own addresses and were set aside, the last one %(ago)s.",
        "count",
    ),
    Verdict.EXCESS: ngettext_lazy(
        "%(number)s request was over the rate limit of one address and was set aside, %(ago)s.",
        "%(number)s requests were over the rate limit of one address and were set aside, the last one %(ago)s.",
        "count",
    ),
    Verdict.PREFETCH: ngettext_lazy(
        "%(number)s request came ahead of any reader and was set aside, %(ago)s: a browser prepared the page.",
        "%(number)s requests came ahead of any reader and were set aside, the last one %(ago)s: browsers prepared the "
        "page.",
        "count",
    ),
    Verdict.SUSPECT: ngettext_lazy(
        "%(number)s request called itself a browser, asked as none does, and was set aside, %(ago)s.",
        "%(number)s requests called themselves browsers, asked as none does, and were set aside, the last one %(ago)s.",
        "count",
    ),
    Verdict.BOT: ngettext_lazy(
        "%(number)s request by a program, such as a link preview, was set aside, %(ago)s.",
        "%(number)s requests by programs, such as link previews, were set aside, the last one %(ago)s.",
        "count",
    ),
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known at a moment. `state` is waiting, seen or retired; `version` changes whenever there is news."""

    state: str
    words: str
    notes: list[str]
    version: str


def arrival(pixel: Pixel, now: datetime, since: datetime | None = None) -> Arrival:
    """Return what came of `pixel` lately. Five queries at most, however many hits.

    It is `seen` where a visit came after `since`; without that, where one came in the last hour. `pixel` has its
    project with it.
    """
    if pixel.retired_at is not None:
        words = _("This pixel is retired: whoever loads it still gets an image, and nothing is counted.")
        return Arrival(RETIRED, words, [], RETIRED)
    first_day = queries.first_day(pixel.project, pixel.pk)
    hits = _recent_hits(pixel, now)
    known = _known(hits)
    news = "-".join(str(known[f"set_aside_{int(verdict)}"]) for verdict in _SET_ASIDE)
    notes = [*_hindrances(pixel, now), *_notes(pixel, known, now)]
    last_at: datetime | None = known["last_at"]
    if last_at is None:
        return Arrival(WAITING, _nothing_lately(first_day), notes, f"{WAITING} {first_day} {known['end_at']} {news}")
    is_first = not _visited_before(pixel, first_day, known["visits"], now)
    words = _words(pixel, hits.filter(_VISITS, at=known["first_at"] if is_first else last_at), now, is_first=is_first)
    state = SEEN if since is None or last_at >= since else WAITING
    return Arrival(state, words, notes, f"{state} {last_at} {known['end_at']} {news}")


def _known(hits: QuerySet[Hit]) -> dict[str, Any]:
    """Return how many visits there are among `hits`, the first and the last; and what else there is. One query.

    Grouped, and added up here: an aggregate for each verdict would take the ORM longer than the database.
    """
    groups = hits.order_by().values("verdict", "position", "traffic")
    known: dict[str, Any] = {"visits": 0, "first_at": None, "last_at": None, "end_at": None, "undeclared": ""}
    known |= {f"set_aside_{int(verdict)}": 0 for verdict in _SET_ASIDE}
    for group in groups.annotate(
        hits=Count("id"), first=Min("at"), last=Max("at"), undeclared=Max("placement", filter=Q(platform=OTHER))
    ):
        verdict, last = group["verdict"], group["last"]
        if is_visit(group["position"], verdict, group["traffic"]):
            known["visits"] += group["hits"]
            known["first_at"] = min(known["first_at"] or last, group["first"])
            known["last_at"] = max(known["last_at"] or last, last)
            known["undeclared"] = known["undeclared"] or group["undeclared"]
        elif verdict in READERS and group["traffic"] != Traffic.BOT:
            known["end_at"] = max(known["end_at"] or last, last)
        elif f"set_aside_{verdict}" in known:
            known[f"set_aside_{verdict}"] += group["hits"]
            known[f"set_aside_at_{verdict}"] = max(known.get(f"set_aside_at_{verdict}") or last, last)
    return known


def _recent_hits(pixel: Pixel, now: datetime) -> QuerySet[Hit]:
    """Return the hits of `pixel` among the newest of its project: a short scan of the key's end."""
    since = now - WINDOW
    of_project = Hit.objects.filter(project=pixel.project_id, at__gte=since).order_by("-at")
    oldest = Coalesce(of_project.values("at")[MOST_HITS : MOST_HITS + 1], Value(since), output_field=DateTimeField())
    # The hour is said twice: of a moment that it has yet to find out, PostgreSQL expects a third of all hits to be
    # newer, and would rather read the whole table.
    return Hit.objects.filter(project=pixel.project_id, pixel=pixel).filter(at__gte=since).filter(at__gte=oldest)


def _visited_before(pixel: Pixel, first_day: date | None, visits: int, now: datetime) -> bool:
    """Whether there were visits before those `visits` of the last hour. One query where the counts must tell."""
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
    return bool((totals.aggregate(hits=Sum("hits"))["hits"] or 0) > visits)


def _nothing_lately(first_day: date | None) -> str:
    if first_day is None:
        return _("Waiting for the first visit…")
    return _("Nobody in the last hour; the first visit was on %(day)s. Waiting for the next one…") % {
        "day": formatting.day(first_day, "j M Y")
    }


def _words(pixel: Pixel, hits: QuerySet[Hit], now: datetime, *, is_first: bool) -> str:
    """Say of the visit in `hits` when it was and from where. One query."""
    hit = hits.select_related("page").first()
    if hit is None:  # deleted this very moment
        return _nothing_lately(None)
    host = hit.page.host if hit.page and hit.page.url != OTHER else ""
    where = host or ("" if hit.platform in {DIRECT, OTHER} else platform_name(hit.platform))
    facts = {
        "ago": ago(hit.at, now),
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


def _hindrances(pixel: Pixel, now: datetime) -> Iterable[str]:
    """Yield what keeps visits of this moment from being counted."""
    if pixel.muted_until is not None and pixel.is_muted(now):
        until = date_format(timezone.localtime(pixel.muted_until, pixel.project.zone), "H:i")
        yield _("Counting is paused until %(until)s (%(zone)s): visits until then are set aside.") % {
            "until": until,
            "zone": pixel.project.timezone,
        }
    if pixel.project.drops_opted_out:
        yield _(
            "This project leaves out readers who ask not to be followed: a browser that sends Sec-GPC or DNT, as yours "
            "may do, is not seen here."
        )


def _notes(pixel: Pixel, known: dict[str, Any], now: datetime) -> Iterable[str]:
    """Yield what else came in the last hour, and why it is no visit."""
    for verdict, sentence in _SET_ASIDE.items():
        count = known[f"set_aside_{int(verdict)}"]
        if count:
            when = ago(known[f"set_aside_at_{int(verdict)}"], now)
            yield sentence % {"count": count, "number": formatting.exact(count), "ago": when}
    if known["end_at"] is not None and known["last_at"] is None:
        yield _("The image at the end was loaded %(ago)s; a visit is counted by the one at the start.") % {
            "ago": ago(known["end_at"], now)
        }
    if known["undeclared"]:
        yield _("A visit named the place “%(place)s”, which this pixel does not have: it counts as (other).") % {
            "place": known["undeclared"]
        }


def ago(at: datetime, now: datetime) -> str:
    """Return how long ago a moment was, as a part of a sentence."""
    seconds = int((now - at).total_seconds())
    if seconds < 1:
        return _("just now")
    if seconds < 60:
        return ngettext("%(count)s second ago", "%(count)s seconds ago", seconds) % {"count": seconds}
    minutes = seconds // 60
    return ngettext("%(count)s minute ago", "%(count)s minutes ago", minutes) % {"count": minutes}
