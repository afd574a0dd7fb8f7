"""The newest hits of a pixel or a project, added up by what became of them.

Pages that wait for a visit ask up to twice a second. That is why only the newest hits are read: those of the last hour,
and at most `MAX_HITS` of a busy project.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, DateTimeField, Max, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from collector.classify.platforms import OTHER
from collector.models import Hit, Pixel, Project, Traffic, Verdict
from collector.storage.countable import READERS, is_visit

WINDOW = timedelta(hours=1)
MAX_HITS = 20_000  # of a project: how many are searched for those of one pixel

# Readings of the author, which don't count but show that the pixel works.
PROOFS = (int(Verdict.OWN), int(Verdict.EXCLUDED), int(Verdict.PREVIEW))


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
    """Recent hits, added up. Moments are None where there was no such hit.

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
        elif group.verdict not in READERS:
            reason = self.filtered_out.setdefault(group.verdict, FilteredOut(0, group.last_at))
            reason.hits += group.hits
            reason.last_at = max(reason.last_at, group.last_at)

    @property
    def proof(self) -> int | None:
        """The verdict of the author's last own reading, if no reader visited since."""
        verdicts = [verdict for verdict in PROOFS if verdict in self.filtered_out]
        last = max(verdicts, key=lambda verdict: self.filtered_out[verdict].last_at, default=None)
        if last is None or (self.last_at is not None and self.last_at > self.filtered_out[last].last_at):
            return None
        return last

    @property
    def version(self) -> str:
        """Return a text that changes with each hit that is spoken of."""
        counts = sorted((verdict, reason.hits) for verdict, reason in self.filtered_out.items())
        return f"{self.last_at} {self.end_at} {'-'.join(f'{verdict}.{hits}' for verdict, hits in counts)}"


def hits_in_window(project: Project, pixel: Pixel | None, now: datetime) -> QuerySet[Hit]:
    """Return the hits of `pixel`, or of all pixels, among the newest of its project.

    This scans only the end of the primary key.
    """
    since = now - WINDOW
    of_project = Hit.objects.filter(project=project, at__gte=since).order_by("-at")
    oldest = Coalesce(of_project.values("at")[MAX_HITS : MAX_HITS + 1], Value(since), output_field=DateTimeField())
    of_subject = Hit.objects.filter(project=project, pixel=pixel) if pixel else Hit.objects.filter(project=project)
    # The first bound looks superfluous, but PostgreSQL needs it: it can't know the moment of the subquery, expects a
    # third of all hits to be newer, and would read the whole table.
    return of_subject.filter(at__gte=since).filter(at__gte=oldest)


def add_up(hits: QuerySet[Hit]) -> RecentHits:
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
