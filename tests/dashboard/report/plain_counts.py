"""What a page should say, counted from the raw hits one by one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import floor

from collector.models import Hit, Position, Project, Traffic, Verdict
from dashboard.visits.periods import Bucket, Period

DAY = timedelta(days=1)
LAZY = {"dev-to"}
BOUNDS = [3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 660, 900, 1260, 1800]  # of reading times
SITES = "My site: own.example, old.example\nMedium: stories.example"
PAGES = {  # what each counts as, its host, and the platform that it belongs to
    "": ("", "", ""),
    "https://medium.com/@me/hello?source=x": ("medium.com/@me/hello", "medium.com", "medium"),
    "https://medium.com/@me/hello": ("medium.com/@me/hello", "medium.com", "medium"),
    "https://medium-com.translate.goog/@me/hello": ("medium.com/@me/hello", "medium.com", "medium"),
    "https://dev.to/me/hello": ("dev.to/me/hello", "dev.to", "dev-to"),
    "https://copies.example/hello": ("copies.example/hello", "copies.example", "copies.example"),
    "https://www.copies.example/hello/": ("copies.example/hello", "copies.example", "copies.example"),
    "https://copies.example:8443/100%25_\\": ("copies.example:8443/100%25_%5C", "copies.example", "copies.example"),
    "https://web.archive.org/web/2026/http://old.example/a": ("own.example/a", "own.example", "own.example"),
    "https://archive.ph/AbCdE": ("archive.ph/AbCdE", "archive.ph", "archive-today"),
    "https://blog.own.example/a": ("blog.own.example/a", "blog.own.example", "own.example"),
    "https://www.stories.example/hello": ("stories.example/hello", "stories.example", "medium"),
    "https://mail.google.com/": ("mail.google.com/", "mail.google.com", "gmail"),
}
PASTED = {"medium", "dev-to"}
SHOW_OTHERS = {"gmail", "archive-today"}


@dataclass(frozen=True)
class Read:
    """One stored hit, in words."""

    key: tuple[datetime, int]
    day: date
    hour: str
    pixel: int
    position: str
    traffic: str
    verdict: str
    visitor: int | None
    values: dict[str, str] = field(hash=False)
    evidence: int = 3
    seconds: int | None = None

    @property
    def platform(self) -> str:
        return self.values["platform"]

    @property
    def is_visit(self) -> bool:
        return self.position == "start" and self.verdict in {"counted", "opted-out"} and self.traffic != "bot"

    @property
    def reads(self) -> str:
        """Return what it says about how far somebody read: `start`, `end`, `at-once`, or nothing."""
        if self.visitor is None or self.traffic != "direct" or self.platform in LAZY:
            return ""
        if self.is_visit:
            return "start"
        if self.position == "start" or self.seconds is None:
            return ""
        if self.seconds < 3:
            return "at-once"
        return "end" if self.verdict == "counted" else ""


def raw_hits(project: Project) -> list[Read]:
    """Return all hits of a project, oldest first."""
    reads = []
    for hit in Hit.objects.filter(project=project).select_related("user_agent", "page").order_by("at", "id"):
        at = hit.at.astimezone(project.zone)
        url = hit.page.url if hit.page else ""
        label, host, platform = PAGES[url]
        is_elsewhere = hit.placement in PASTED and url and platform not in {hit.placement, *SHOW_OTHERS}
        agent = hit.user_agent
        reads.append(
            Read(
                (hit.at, hit.id), at.date(), f"{at.hour:02}", hit.pixel_id, Position(hit.position).label,
                Traffic(hit.traffic).label, Verdict(hit.verdict).label, hit.visitor,
                {
                    "platform": hit.platform, "country": hit.country, "language": hit.language,
                    "device": agent.device if agent else "", "browser": agent.browser if agent else "",
                    "os": agent.os if agent else "", "page": label, "elsewhere": host if is_elsewhere else "",
                },
                hit.evidence,
                hit.reading_seconds,
            )
        )  # fmt: skip
    return reads


class Plain:
    """What a page should say: the visits of some days that pass its filters, counted one by one."""

    def __init__(self, hits: Sequence[Read], filters: dict[str, str], pixel: int | None, *, by_hits: bool) -> None:
        """`by_hits`: a visitor is new with the first visit that passes; else with the first of all, as drained."""
        self.hits = [hit for hit in hits if pixel in {None, hit.pixel} and self._passes(hit, filters)]
        self.visits = [hit for hit in self.hits if hit.is_visit]
        met = self.visits if by_hits else [hit for hit in hits if hit.is_visit]
        self.new = first_of_day([hit for hit in met if pixel in {None, hit.pixel}], lambda hit: 0)
        self.new_to_pixel = first_of_day(met, lambda hit: hit.pixel)

    @staticmethod
    def _passes(hit: Read, filters: dict[str, str]) -> bool:
        return all(hit.values[name] == value for name, value in filters.items())

    def of(self, wanted: Callable[[Read], bool]) -> "Plain":
        """Return the same of fewer hits; who was new stays so."""
        fewer = object.__new__(Plain)
        fewer.hits = [hit for hit in self.hits if wanted(hit)]
        fewer.visits = [hit for hit in self.visits if wanted(hit)]
        fewer.new, fewer.new_to_pixel = self.new, self.new_to_pixel
        return fewer

    def during(self, period: Period) -> "Plain":
        return self.of(lambda hit: period.start <= hit.day < period.end)

    @property
    def visitors(self) -> int:
        return sum(hit.key in self.new for hit in self.visits)

    @property
    def numbers(self) -> tuple[int, int | None]:
        """Return visits and visitors as a table has them."""
        visitors = self.visitors
        return len(self.visits), None if self.visits and not visitors else visitors

    def by(self, name: str) -> dict[str, tuple[int, int | None]]:
        return {
            value: self.of(lambda hit, value=value: hit.values[name] == value).numbers
            for value in {hit.values[name] for hit in self.visits}
        }

    @property
    def reading(self) -> tuple[int, int]:
        """Return who began and who finished, of articles that were read to their end."""
        began, finished = 0, 0
        for pixel in {hit.pixel for hit in self.hits}:
            of_pixel = [hit.reads for hit in self.hits if hit.pixel == pixel]
            if "end" in of_pixel:
                began += max(of_pixel.count("start") - of_pixel.count("at-once"), 0)
                finished += of_pixel.count("end")
        return began, finished

    @property
    def median(self) -> int | None:
        """Return the median reading time, as if even on a geometric scale within its range of the counts."""
        seconds = sorted(hit.seconds or 0 for hit in self.hits if hit.reads == "end")
        if len(seconds) < 5:
            return None
        middle = seconds[(len(seconds) - 1) // 2]  # half of them are reached with this one
        if middle >= BOUNDS[-1]:
            return BOUNDS[-1]
        low = max(bound for bound in BOUNDS if bound <= middle)
        high = min(bound for bound in BOUNDS if bound > middle)
        below, within = sum(second < low for second in seconds), sum(low <= second < high for second in seconds)
        return round(low * (high / low) ** ((len(seconds) / 2 - below) / within))


def first_of_day(visits: Iterable[Read], scope: Callable[[Read], int]) -> set[tuple[datetime, int]]:
    """Return the keys of each visitor's first visit of a day."""
    first: dict[tuple[date, int, int], tuple[datetime, int]] = {}
    for hit in visits:
        if hit.visitor is not None:
            first.setdefault((hit.day, scope(hit), hit.visitor), hit.key)
    return set(first.values())


def share_of(reading: tuple[int, int]) -> float | None:
    began, finished = reading
    return round(min(finished / began, 1), 4) if began and finished else None


def until(before: Plain, last: date, clock: datetime) -> tuple[int, int]:
    """Return the visits and visitors up to the clock's hour and minute of the last day, as if even within each hour."""
    whole = before.of(lambda hit: hit.day != last)
    visits, visitors = Fraction(len(whole.visits)), Fraction(whole.visitors)
    for number in range(clock.hour + 1):
        within = before.of(lambda hit, number=number: hit.day == last and int(hit.hour) == number)
        passed = 1 if number < clock.hour else Fraction(clock.minute, 60)
        visits += passed * len(within.visits)
        visitors += passed * within.visitors
    return floor(visits + Fraction(1, 2)), floor(visitors + Fraction(1, 2))


def hidden(plain: Plain) -> float | None:
    if not plain.visits:
        return None
    return sum(hit.traffic == "proxied" for hit in plain.visits) / len(plain.visits)


def bucket_of(day: date, hour: str, bucket: Bucket) -> str:
    if bucket is Bucket.HOUR:
        return f"{day}T{hour}:00"
    if bucket is Bucket.WEEK:
        return f"{day - day.weekday() * DAY}"
    return f"{day.replace(day=1)}" if bucket is Bucket.MONTH else f"{day}"


def times(period: Period, bucket: Bucket) -> list[str]:
    """List all buckets of a period, however empty."""
    days = [period.start + number * DAY for number in range((period.end - period.start).days)]
    return list(dict.fromkeys(bucket_of(day, f"{hour:02}", bucket) for day in days for hour in range(24)))
