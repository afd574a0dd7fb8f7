"""Each number on a page is what a plain count of the raw hits gives: random readers, any range, any filter."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.models import Hit, Pixel, Position, Project, Traffic, Verdict
from collector.spool.line import SpooledHit
from dashboard import formatting
from dashboard.report.charts import TREND_PLATFORMS, Chart
from dashboard.report.hours import Grid
from dashboard.report.page import Page, live, make_page
from dashboard.report.page_state import View
from dashboard.report.panels.panel import Panel, platform_label
from dashboard.visits.cache import REMEMBERED
from dashboard.visits.periods import Bucket, Period
from tests.endpoints import CHROME
from tests.hits import CAMO, IPHONE, drain, spool

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
LAZY = {"dev-to"}
# A night on which the clocks change, in zones that lie apart from UTC in all ways.
NIGHTS = {
    "UTC": "2026-03-29",
    "Europe/Berlin": "2026-03-29",
    "America/St_Johns": "2026-11-01",
    "Australia/Lord_Howe": "2026-04-05",
    "Asia/Kathmandu": "2026-01-01",
    "America/New_York": "2024-03-10",
}
HOSTS = {  # of a page: its host, and the platform that it belongs to
    "": ("", ""),
    "https://medium.com/@me/hello?source=x": ("medium.com", "medium"),
    "https://medium.com/@me/hello": ("medium.com", "medium"),
    "https://dev.to/me/hello": ("dev.to", "dev-to"),
    "https://copies.example/hello": ("copies.example", "copies.example"),
    "https://copies.example:8443/100%25_\\": ("copies.example", "copies.example"),
    "https://mail.google.com/": ("mail.google.com", "gmail"),
}
LABELS = {url: url.partition("://")[2].partition("?")[0] for url in HOSTS}
PASTED = {"medium", "dev-to"}
EVIDENCE = ["its link", "its proxy", "the page"]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

WAYS = ["country", "language", "device", "browser", "os", "page", "elsewhere"]


def some_hits(random: Random, number: int) -> list[dict[str, Any]]:
    """Make up hits of few readers, so that the same come back, on another article and in another place."""
    return [
        {
            "pixel": random.choice([0, 0, 1, 2]),
            "minutes": random.randint(-2 * 24 * 60, 3 * 24 * 60),
            "placement": random.choice(["", "medium", "medium", "dev-to", "our-wiki", "invented"]),
            "is_end": random.random() < 0.3,
            "verdict": random.choice([Verdict.COUNTED] * 8 + [Verdict.OPTED_OUT] * 2 + list(Verdict)),
            "agent": random.choice(["", IPHONE, IPHONE, CHROME, FIREFOX, CAMO, "Googlebot/2.1"]),
            "page": random.choice(list(HOSTS)),
            "country": random.choice(["", "DE", "DE", "JP"]),
            "language": random.choice(["", "de", "ja"]),
            "visitor": random.choice([None, 1, 2, 3, 4]),
        }
        for _ in range(number)
    ]


def some_wish(random: Random) -> dict[str, Any]:
    """Make up what somebody wants to see."""
    return {
        "first": random.randint(-4, 4),
        "days": random.choice([1, 1, 2, 3, 6, 30, 80, 400]),
        "preset": random.choice(["", "", "", "today", "yesterday", "7d", "all"]),
        "by": random.choice(["", "hour", "day", "week", "month"]),
        "compare": random.choice(["previous", "previous", "year", "none"]),
        "is_line": random.random() < 0.3,
        "of_pixel": random.choice([None, None, 0, 1, 2]),
        "filters": random.sample(["article", "platform", "platform", *WAYS], random.choice([0, 1, 1, 2])),
        "choice": random.random(),
    }


@pytest.fixture(autouse=True)
def forgotten():
    """Projects of other tests had the same keys."""
    REMEMBERED.forget()


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

    @property
    def platform(self) -> str:
        return self.values["platform"]

    @property
    def is_visit(self) -> bool:
        return self.position == "start" and self.verdict in {"counted", "opted-out"} and self.traffic != "bot"

    @property
    def reads(self) -> bool:
        """Whether it says how far somebody read."""
        return self.verdict in {"counted", "opted-out"} and self.traffic == "direct" and self.platform not in LAZY


def raw_hits(project: Project) -> list[Read]:
    """Return all hits of a project, oldest first."""
    reads = []
    for hit in Hit.objects.filter(project=project).select_related("user_agent", "page").order_by("at", "id"):
        at = hit.at.astimezone(project.zone)
        url = hit.page.url if hit.page else ""
        host, platform = HOSTS[url]
        is_elsewhere = hit.placement in PASTED and url and platform not in {hit.placement, "gmail"}
        agent = hit.user_agent
        reads.append(
            Read(
                (hit.at, hit.id), at.date(), f"{at.hour:02}", hit.pixel_id, Position(hit.position).label,
                Traffic(hit.traffic).label, Verdict(hit.verdict).label, hit.visitor,
                {
                    "platform": hit.platform, "country": hit.country, "language": hit.language,
                    "device": agent.device if agent else "", "browser": agent.browser if agent else "",
                    "os": agent.os if agent else "", "page": LABELS[url], "elsewhere": host if is_elsewhere else "",
                },
                hit.evidence,
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
        """Return who began and who finished, of articles whose end was seen."""
        began, finished = 0, 0
        for pixel in {hit.pixel for hit in self.hits}:
            of_pixel = [hit.position for hit in self.hits if hit.pixel == pixel and hit.reads]
            if "end" in of_pixel:
                began += of_pixel.count("start")
                finished += of_pixel.count("end")
        return began, finished


def first_of_day(visits: Iterable[Read], scope: Callable[[Read], int]) -> set[tuple[datetime, int]]:
    """Return the keys of each visitor's first visit of a day."""
    first: dict[tuple[date, int, int], tuple[datetime, int]] = {}
    for hit in visits:
        if hit.visitor is not None:
            first.setdefault((hit.day, scope(hit), hit.visitor), hit.key)
    return set(first.values())


def digits(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", text)]


def share_of(reading: tuple[int, int]) -> float | None:
    began, finished = reading
    return round(min(finished / began, 1), 4) if began and finished else None


def assert_figures(page: Page, plain: Plain, before: Plain | None, so_far: tuple[int, int] | None) -> None:
    assert page.report is not None
    figures = {figure.key: figure for figure in page.report.figures}
    began, finished = plain.reading
    verdicts = Counter(hit.verdict for hit in plain.hits)
    proxied = sum(hit.traffic == "proxied" for hit in plain.visits)
    visits, visitors = plain.numbers
    assert {key: figure.exact for key, figure in figures.items()} == {
        "visits": visits, "visitors": visitors or 0, "reading": finished, "hidden": proxied, "bots": verdicts["bot"],
    }  # fmt: skip
    assert figures["visitors"].text == (formatting.UNSEEN if visitors is None else str(visitors))
    assert figures["hidden"].text == (formatting.percent(proxied / visits) if visits else formatting.UNSEEN)
    if began and finished:
        assert figures["reading"].text == formatting.percent(min(finished / began, 1))
        assert digits(figures["reading"].note) == [began]
    else:
        assert figures["reading"].text == formatting.UNSEEN
    others = [verdicts[name] for name in ("suspect", "excess", "prefetch", "muted", "excluded") if verdicts[name]]
    assert digits(figures["bots"].note) == others
    assert digits(page.report.set_aside) == ([verdicts["bot"]] if verdicts["bot"] else []) + others
    assert page.report.visits == visits

    if before is None:
        assert {figure.change for figure in figures.values()} == {None}
        return
    visits_before, visitors_before = so_far or (len(before.visits), before.visitors)
    pairs = {"visits": (visits, visits_before), "visitors": (visitors or 0, visitors_before)}
    if not so_far:
        pairs["bots"] = (verdicts["bot"], sum(hit.verdict == "bot" for hit in before.hits))
    else:
        assert figures["bots"].change is None
    for key, (now, then) in pairs.items():
        change = figures[key].change
        if not then:
            assert (change.words if change else None) == ("none before" if now else None)
        else:
            assert change is not None
            assert digits(change.title)[0] == then
            more = "as many" if now == then else f"{formatting.percent(abs(now - then) / then)} "
            assert change.words.startswith(more)
            assert (now > then) == change.words.endswith("more")
    for key, now_share, then_share in (
        ("reading", share_of(plain.reading), share_of(before.reading)),
        ("hidden", *(hidden(numbers) for numbers in (plain, before))),
    ):
        change = figures[key].change
        if now_share is None or then_share is None:
            assert change is None
        else:
            assert change is not None
            assert change.title.startswith(formatting.percent(then_share))


def until(before: Plain, last: date, clock: datetime) -> tuple[int, int]:
    """Return the visits and visitors up to the clock's hour and minute of the last day, as if even within each hour."""
    whole = before.of(lambda hit: hit.day != last)
    visits, visitors = float(len(whole.visits)), float(whole.visitors)
    for number in range(clock.hour + 1):
        within = before.of(lambda hit, number=number: hit.day == last and int(hit.hour) == number)
        passed = 1 if number < clock.hour else clock.minute / 60
        visits += passed * len(within.visits)
        visitors += passed * within.visitors
    return round(visits), round(visitors)


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


def assert_trend(view: View, trend: Chart, plain: Plain, before: Plain | None) -> None:
    bucket = view.period.bucket
    at = times(view.period, bucket)
    assert [point.at for point in trend.points] == at
    by_bucket = [plain.of(lambda hit, time=time: bucket_of(hit.day, hit.hour, bucket) == time) for time in at]
    assert [tuple(point.numbers[:2]) for point in trend.points] == [one.numbers for one in by_bucket]
    earlier: list[int] = []
    if before is not None and before.visits:
        last = view.period.end - DAY
        then = view.earlier.start  # type: ignore[union-attr]
        count = Counter(
            bucket_of(min(view.period.start + (hit.day - then), last), hit.hour, bucket) for hit in before.visits
        )
        earlier = [count[time] for time in at]
        assert sum(earlier) == len(before.visits)
        assert [point.numbers[2] for point in trend.points] == earlier
    assert list(trend.earlier) == earlier
    if view.is_line:
        assert [list(series.values) for series in trend.series] == [[len(one.visits) for one in by_bucket]]
        return
    platforms = Counter(hit.platform for hit in plain.visits)
    ranked = sorted(platforms, key=lambda slug: (-platforms[slug], slug))
    bands = [{slug} for slug in ranked[:TREND_PLATFORMS]] + [set(ranked[TREND_PLATFORMS:])][: len(ranked) > 6]
    expected = [[sum(hit.platform in band for hit in one.visits) for one in by_bucket] for band in bands]
    assert [list(series.values) for series in trend.series] == expected
    assert [series.label for series in trend.series][:6] == [platform_label(slug) for slug in ranked[:6]]
    assert [list(point.numbers[-len(bands) :]) for point in trend.points if bands] == [
        list(column) for column in zip(*expected, strict=True)
    ]


def assert_grid(grid: Grid, plain: Plain, period: Period) -> None:
    cells = Counter((hit.day.weekday(), hit.hour) for hit in plain.visits)
    weekdays = sorted({(period.start + number * DAY).weekday() for number in range(min(7, period.days))})
    hours = [f"{hour:02}" for hour in range(24)]
    assert [[cell.visits for cell in line.cells] for line in grid.lines] == [
        [cells[weekday, hour] for hour in hours] for weekday in weekdays
    ]
    assert [line.visits for line in grid.lines] == [sum(cells[day, hour] for hour in hours) for day in weekdays]
    assert [cell.visits for cell in grid.total.cells] == [sum(cells[day, hour] for day in weekdays) for hour in hours]
    assert grid.total.visits == len(plain.visits)
    assert bool(grid.best) == bool(plain.visits)


def assert_rows(panel: Panel, expected: dict[str, tuple[int, int | None]], total: int) -> None:
    """Compare the numbers of all rows, and their order: most first, unknown last."""
    ranked = sorted(expected, key=lambda value: (not value, -expected[value][0], value))
    assert [row.value for row in panel.rows] == ranked, panel.key
    assert {row.value: (row.visits, row.visitors) for row in panel.rows} == expected, panel.key
    assert [row.share for row in panel.rows] == [expected[value][0] / total if total else 0 for value in ranked]
    assert panel.values == len(expected)


def assert_dimensions(page: Page, plain: Plain) -> None:
    assert page.report is not None
    panels = {panel.key: panel for group in page.report.groups for panel in group.panels}
    total = len(plain.visits)
    for key, name in {
        "countries": "country", "languages": "language", "devices": "device", "browsers": "browser", "systems": "os",
        "pages": "page",
    }.items():  # fmt: skip
        assert_rows(panels[key], plain.by(name), total)
    elsewhere = {host: numbers for host, numbers in plain.by("elsewhere").items() if host}
    assert ("elsewhere" in panels) == bool(elsewhere)
    if elsewhere:
        assert_rows(panels["elsewhere"], elsewhere, total)


def assert_platforms(page: Page, plain: Plain, *, is_told: bool) -> None:
    assert page.report is not None
    assert page.report.platforms is not None
    assert_rows(page.report.platforms, plain.by("platform"), len(plain.visits))
    for row in page.report.platforms.rows:
        told = sorted({hit.evidence for hit in plain.visits if hit.platform == row.value} - {3})
        words = " and ".join(EVIDENCE[kind] for kind in told) if is_told else ""
        assert row.detail.replace(",", " and") == (f"by {words}" if words else "")


def assert_articles(page: Page, plain: Plain, pixels: Sequence[Pixel]) -> None:
    assert page.report is not None
    panel = page.report.articles
    assert panel is not None
    expected = {}
    for pixel in pixels:
        of_pixel = plain.of(lambda hit, pk=pixel.pk: hit.pixel == pk)
        of_pixel.new = plain.new_to_pixel
        expected[str(pixel.pk)] = (*of_pixel.numbers, share_of(of_pixel.reading))
        row = next(row for row in panel.rows if row.value == str(pixel.pk))
        visits = Counter(hit.platform for hit in of_pixel.visits)
        bands = sorted(f"{platform_label(slug)} {formatting.percent(visits[slug] / visits.total())}" for slug in visits)
        assert {band.label for band in row.split} <= set(bands)
        assert len(row.split) == min(len(bands), 5)
        assert bool(row.spark) == (bool(of_pixel.visits) and page.period.days > 1)
    assert {row.value: (row.visits, row.visitors, row.plain[0]) for row in panel.rows} == expected
    assert [row.visits for row in panel.rows] == sorted((row.visits for row in panel.rows), reverse=True)


def assert_placements(page: Page, plain: Plain, ever: Plain) -> None:
    assert page.report is not None
    panel = page.report.placements
    assert panel is not None
    assert_rows(panel, plain.by("platform"), len(plain.visits))
    for row in panel.rows:
        of_platform = plain.of(lambda hit, slug=row.value: hit.platform == slug)
        hours = Counter(hit.hour for hit in of_platform.visits)
        best = min(hour for hour in hours if hours[hour] == max(hours.values()))
        positions = [hit.position for hit in of_platform.hits if hit.reads]
        days = [hit.day for hit in ever.visits if hit.platform == row.value]
        reading = share_of((positions.count("start"), positions.count("end")))
        assert list(row.plain) == [reading, f"{best}:00", f"{min(days)}", f"{max(days)}"]


def assert_first_week(page: Page, ever: Plain) -> None:
    assert page.report is not None
    chart = page.report.first_week
    days = Counter(hit.day for hit in ever.visits)
    first = min(days, default=page.today)
    shown = [first + number * DAY for number in range(7) if first + number * DAY <= page.today]
    if len(shown) < 2:
        assert chart is None
        return
    assert chart is not None
    assert [(point.at, point.visits) for point in chart.points] == [(f"{day}", days[day]) for day in shown]
    until = next(
        number for number in range(1, 999)
        if 2 * sum(visits for day, visits in days.items() if day < first + number * DAY) >= days.total()
    )  # fmt: skip
    assert f"within {until} day" in chart.caption


def fill(directory: Any, stream: list[dict[str, Any]], zone: str) -> tuple[Project, list[Pixel], datetime]:
    """Store a stream of hits in a project of its own, and return it with a moment shortly after the last of them."""
    Project.objects.all().delete()
    project = Project.objects.create(name="Stream", slug="stream", timezone=zone)
    pixels = [Pixel.objects.create(project=project, title=str(n), placements=["our-wiki"]) for n in range(3)]
    night = datetime.fromisoformat(NIGHTS[zone]).replace(hour=12, tzinfo=UTC)
    stream = sorted(stream, key=lambda row: row["minutes"])
    hits = []
    for place, row in enumerate(stream):
        at = night + timedelta(minutes=row["minutes"], seconds=place % 60, microseconds=place)
        facts = {key: row[key] for key in row.keys() - {"pixel", "minutes"}}
        hits.append(SpooledHit(token=pixels[row["pixel"]].token, at_us=round(at.timestamp() * 1e6), **facts))
    hits.sort(key=lambda hit: hit.at_us)
    spool(directory / "spool", hits)
    drain(directory / "spool", batch_lines=25)
    return project, pixels, night + 3 * DAY + timedelta(minutes=1)


def query_of(wish: dict[str, Any], hits: Sequence[Read], pixels: Sequence[Pixel], today: date) -> dict[str, str]:
    """Return the query string, as a mapping, that a drawn wish comes to."""
    query = {"by": wish["by"], "compare": wish["compare"], "trend": "line" if wish["is_line"] else ""}
    if wish["preset"]:
        query["range"] = wish["preset"]
    else:
        start = today - 3 * DAY + wish["first"] * DAY
        start = min(start, today)
        query |= {"start": f"{start}", "end": f"{start + (wish['days'] - 1) * DAY}"}
    for name in wish["filters"]:
        if name == "article":
            if wish["of_pixel"] is None:
                query[name] = str(pixels[int(3 * wish["choice"])].pk)
            continue
        values = [hit.values[name] for hit in hits if hit.is_visit] + ["nowhere"]
        if name == "elsewhere":
            values = [value for value in values if value]
        query[name] = values[int(len(values) * wish["choice"])] or "(unknown)"
    return {key: value for key, value in query.items() if value}


def check(project: Project, pixels: Sequence[Pixel], hits: list[Read], wish: dict[str, Any], now: datetime) -> None:
    """Make the page that is wished for, and compare all its numbers."""
    today = now.astimezone(project.zone).date()
    query = query_of(wish, hits, pixels, today)
    pixel = None if wish["of_pixel"] is None else pixels[wish["of_pixel"]]
    page = make_page(query, project, pixel, now=now)
    assert page.report is not None
    view = page.view
    filters = {
        name: "" if value == "(unknown)" else value
        for name, value in query.items()
        if hits and name in hits[0].values
    }  # fmt: skip
    article = pixel.pk if pixel else int(query["article"]) if "article" in query else None
    by_hits = bool(filters.keys() - {"platform"})
    ever = Plain(hits, filters, article, by_hits=by_hits)
    plain = ever.during(view.period)
    before = ever.during(view.earlier) if view.earlier else None
    if view.earlier and query.get("compare") != "year":
        assert view.earlier.end == view.period.start
        assert view.period.start - view.earlier.start == view.period.end - view.period.start
    is_over = view.period.end <= today
    so_far = None if before is None or is_over else until(before, view.earlier.end - DAY, now.astimezone(project.zone))

    assert_figures(page, plain, before, so_far)
    assert page.report.trend is not None
    assert_trend(view, page.report.trend, plain, before)
    assert page.report.hours is not None
    assert_grid(page.report.hours, plain, view.period)
    assert_dimensions(page, plain)
    if pixel:
        whole = Plain(hits, {}, pixel.pk, by_hits=False)
        assert_placements(page, plain, whole)
        if not filters:
            assert_first_week(page, whole)
    else:
        assert_platforms(page, plain, is_told=article is None)
        assert_articles(page, plain, [one for one in pixels if article in {None, one.pk}])
    assert_full_list(page, query, project, pixel, now)
    assert_clicks(page, project, pixel, now)
    since = now - timedelta(minutes=30)
    of_scope = Plain(hits, {}, pixel.pk if pixel else None, by_hits=False)
    assert live(project, pixel, now).visits == sum(hit.key[0] >= since for hit in of_scope.visits)


def assert_full_list(page: Page, query: dict[str, str], project: Project, pixel: Pixel | None, now: datetime) -> None:
    """Leaf through one list, two rows a page, and compare it with the panel."""
    if page.first_day is None:  # a page without visits waits for the first
        return
    assert page.report is not None
    panels = [panel for group in page.report.groups for panel in group.panels]
    panels += [panel for panel in (page.report.articles, page.report.platforms) if panel]
    panel = panels[len(str(query)) % len(panels)]
    rows = []
    for number in range(-(-panel.values // 2)):
        asked = query | {"all": panel.key, "page_number": str(number + 1)}
        full = make_page(asked, project, pixel, now=now, full_rows=2).full
        assert full is not None
        assert full.values == panel.values
        rows += [(row.value, row.visits, row.visitors, row.share, list(row.plain)) for row in full.rows]
    expected = [(row.value, row.visits, row.visitors, row.share, list(row.plain)) for row in panel.rows]
    assert sorted(rows) == sorted(expected)


def assert_clicks(page: Page, project: Project, pixel: Pixel | None, now: datetime) -> None:
    """Follow the link of one row of each panel: the page filtered by it has the visits that the row says."""
    assert page.report is not None
    panels = [panel for group in page.report.groups for panel in group.panels]
    panels += [panel for panel in (page.report.articles, page.report.platforms, page.report.placements) if panel]
    for panel in panels[page.report.visits % 3 :: 3]:
        for row in panel.rows[:1]:
            clicked = make_page(dict(parse_qsl(row.filter_url[1:])), project, pixel, now=now)
            assert clicked.report is not None
            assert clicked.report.visits == row.visits
            assert len(clicked.chips) == len({chip.name for chip in page.chips} | {FILTER_OF[panel.key]})


FILTER_OF = {
    "countries": "Country", "languages": "Language", "devices": "Device", "browsers": "Browser", "systems": "System",
    "pages": "Page", "elsewhere": "Seen elsewhere", "articles": "Article", "platforms": "Platform",
    "placements": "Platform",
}  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), number=st.integers(1, 150), zone=st.sampled_from(list(NIGHTS)))
def test_every_number_of_a_page_is_what_counting_raw_hits_gives(tmp_path, monkeypatch, seed, number, zone):
    random = Random(seed)
    wishes = [some_wish(random) for _ in range(6)]
    stream = some_hits(random, number)
    project, pixels, now = fill(tmp_path, stream, zone)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    hits = raw_hits(project)
    assert len(hits) == len(stream)
    for wish in wishes:
        check(project, pixels, hits, wish, now)
