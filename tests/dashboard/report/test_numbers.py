"""Each number on a page is what a plain count of the raw hits gives: random readers, any range, any filter."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.models import Pixel, Project
from dashboard import formatting
from dashboard.report.figures import Figure
from dashboard.report.live import live_visits
from dashboard.report.page import DashboardPage, make_page
from dashboard.report.panels.panel import Panel
from dashboard.report.sparkline import NO_LINE
from tests.dashboard.report.plain_counts import DAY, Plain, Read, hidden, raw_hits, share_of, until
from tests.dashboard.report.plain_trend import assert_grid, assert_trend
from tests.dashboard.report.random_readers import NIGHTS, fill, name_of, query_of, some_hits, some_wish

pytestmark = pytest.mark.django_db


EVIDENCE = ["its link", "its proxy", "the page"]


def digits(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", text)]


def assert_figures(page: DashboardPage, plain: Plain, before: Plain | None, so_far: tuple[int, int] | None) -> None:
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
    others = [
        verdicts[name]
        for name in ("suspect", "excess", "prefetch", "muted", "excluded", "preview", "own", "too-soon")
        if verdicts[name]
    ]
    assert digits(figures["bots"].note) == others
    assert digits(page.report.filtered_out) == ([verdicts["bot"]] if verdicts["bot"] else []) + others
    assert page.report.visits == visits
    earlier = page.state.earlier
    is_measured = page.first_day is not None and earlier is not None and page.first_day < earlier.start
    if before is None or is_measured:
        assert_changes(figures, plain, before, so_far)
    else:
        assert {figure.change.words for figure in figures.values() if figure.change} == {"no earlier data"}


def assert_changes(
    figures: dict[str, Figure], plain: Plain, before: Plain | None, so_far: tuple[int, int] | None
) -> None:
    if before is None:
        assert {figure.change for figure in figures.values()} == {None}
        return
    visits, visitors = plain.numbers
    visits_before, visitors_before = so_far or (len(before.visits), before.visitors)
    pairs = {"visits": (visits, visits_before), "visitors": (visitors or 0, visitors_before)}
    if not so_far:
        pairs["bots"] = tuple(sum(hit.verdict == "bot" for hit in of.hits) for of in (plain, before))
    else:
        assert figures["bots"].change is None
    for key, (now, then) in pairs.items():
        change = figures[key].change
        if not then:
            assert (change.words if change else None) == ("0 before" if now else None)
        else:
            assert change is not None
            assert digits(change.title)[0] == then
            more = "unchanged" if now == then else f"{formatting.percent(abs(now - then) / then)} "
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


def assert_parts(page: DashboardPage, plain: Plain, before: Plain | None) -> None:
    """Compare the trend and the hours."""
    assert page.report is not None
    assert page.report.trend is not None
    assert_trend(page.state, page.report.trend, plain, before)
    assert page.report.hours is not None
    assert_grid(page.report.hours, plain, page.state.period)


def assert_rows(panel: Panel, expected: dict[str, tuple[int, int | None]], total: int) -> None:
    """Compare the numbers of all rows, and their order: most first, unknown last."""
    ranked = sorted(expected, key=lambda value: (not value, -expected[value][0], value))
    assert [row.value for row in panel.rows] == ranked, panel.key
    assert {row.value: (row.visits, row.visitors) for row in panel.rows} == expected, panel.key
    assert [row.share for row in panel.rows] == [expected[value][0] / total if total else 0 for value in ranked]
    assert panel.total_rows == len(expected)


def assert_dimensions(page: DashboardPage, plain: Plain) -> None:
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


def assert_platforms(page: DashboardPage, plain: Plain, *, has_evidence: bool) -> None:
    assert page.report is not None
    assert page.report.platforms is not None
    assert_rows(page.report.platforms, plain.by("platform"), len(plain.visits))
    for row in page.report.platforms.rows:
        kinds = sorted({hit.evidence for hit in plain.visits if hit.platform == row.value} - {3})
        words = " and ".join(EVIDENCE[kind] for kind in kinds) if has_evidence and kinds != [0] else ""
        assert row.detail.replace(",", " and") == (f"via {words}" if words else "")


def assert_articles(page: DashboardPage, plain: Plain, pixels: Sequence[Pixel]) -> None:
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
        bands = sorted(f"{name_of(slug)} {formatting.percent(visits[slug] / visits.total())}" for slug in visits)
        assert {band.label for band in row.bands} <= set(bands)
        assert len(row.bands) == min(len(bands), 5)
        if of_pixel.visits:
            created_on = pixel.created_at.astimezone(page.project.zone).date()
            since = min(min(hit.day for hit in of_pixel.visits), max(page.first_day or created_on, created_on))
            assert bool(row.sparkline.points) == ((page.period.end - max(since, page.period.start)).days > 1)
        else:
            assert row.sparkline == NO_LINE
    assert {row.value: (row.visits, row.visitors, row.plain_cells[0]) for row in panel.rows} == expected
    assert [row.visits for row in panel.rows] == sorted((row.visits for row in panel.rows), reverse=True)


def assert_placements(page: DashboardPage, plain: Plain, ever: Plain) -> None:
    assert page.report is not None
    panel = page.report.placements
    assert panel is not None
    assert_rows(panel, plain.by("platform"), len(plain.visits))
    for row in panel.rows:
        of_platform = plain.of(lambda hit, slug=row.value: hit.platform == slug)
        hours = Counter(hit.hour for hit in of_platform.visits)
        best = min(hour for hour in hours if hours[hour] == max(hours.values()))
        days = [hit.day for hit in ever.visits if hit.platform == row.value]
        is_long = (page.period.end - max(page.period.start, min(days))).days >= 7
        assert list(row.plain_cells) == [
            share_of(of_platform.reading),
            of_platform.median,
            f"{best}:00" if hours.total() >= 50 and is_long else None,
            f"{min(days)}",
            f"{max(days)}",
        ]


def assert_first_week(page: DashboardPage, ever: Plain) -> None:
    assert page.report is not None
    chart = page.report.first_week
    days = Counter(hit.day for hit in ever.visits)
    first = min(days, default=page.today)
    first_days = [first + number * DAY for number in range(7) if first + number * DAY <= page.today]
    if len(first_days) < 2:
        assert chart is None
        return
    assert chart is not None
    assert [(point.at, point.visits) for point in chart.points] == [(f"{day}", days[day]) for day in first_days]
    until = next(
        number for number in range(1, 999)
        if 2 * sum(visits for day, visits in days.items() if day < first + number * DAY) >= days.total()
    )  # fmt: skip
    is_enough = days.total() >= 50 and (page.today - first).days >= 7
    assert (f"within {until} day" in chart.caption) == is_enough


def check(project: Project, pixels: Sequence[Pixel], hits: list[Read], wish: dict[str, Any], now: datetime) -> None:
    """Make the page that is wished for, and compare all its numbers."""
    today = now.astimezone(project.zone).date()
    query = query_of(wish, hits, pixels, today)
    pixel = None if wish["of_pixel"] is None else pixels[wish["of_pixel"]]
    page = make_page(query, project, pixel, now=now)
    assert page.report is not None
    state = page.state
    filters = {
        name: "" if value == "(unknown)" else value
        for name, value in query.items()
        if hits and name in hits[0].values
    }  # fmt: skip
    article = pixel.pk if pixel else int(query["article"]) if "article" in query else None
    by_hits = bool(filters.keys() - {"platform"})
    ever = Plain(hits, filters, article, by_hits=by_hits)
    plain = ever.during(state.period)
    before = ever.during(state.earlier) if state.earlier else None
    if state.earlier and query.get("compare") != "year":
        assert state.earlier.end == state.period.start
        assert state.period.start - state.earlier.start == state.period.end - state.period.start
    is_over = state.period.end <= today
    so_far = None if before is None or is_over else until(before, state.earlier.end - DAY, now.astimezone(project.zone))

    assert_figures(page, plain, before, so_far)
    assert_parts(page, plain, before)
    assert_dimensions(page, plain)
    if pixel:
        whole = Plain(hits, {}, pixel.pk, by_hits=False)
        assert_placements(page, plain, whole)
        if not filters:
            assert_first_week(page, whole)
    else:
        assert_platforms(page, plain, has_evidence=article is None)
        assert_articles(page, plain, [listed for listed in pixels if article in {None, listed.pk}])
    assert_full_list(page, query, project, pixel, now)
    assert_clicks(page, project, pixel, now)
    since = now - timedelta(minutes=30)
    of_scope = Plain(hits, {}, pixel.pk if pixel else None, by_hits=False)
    assert live_visits(project, pixel, now).visits == sum(hit.key[0] >= since for hit in of_scope.visits)


def assert_full_list(
    page: DashboardPage, query: dict[str, str], project: Project, pixel: Pixel | None, now: datetime
) -> None:
    """Leaf through one list, two rows a page, and compare it with the panel."""
    if page.first_day is None:  # a page without visits waits for the first
        return
    assert page.report is not None
    panels = [panel for group in page.report.groups for panel in group.panels]
    panels += [panel for panel in (page.report.articles, page.report.platforms) if panel]
    panel = panels[len(str(query)) % len(panels)]
    rows = []
    for number in range(-(-panel.total_rows // 2)):
        parameters = query | {"all": panel.key, "page_number": str(number + 1)}
        full = make_page(parameters, project, pixel, now=now, full_rows=2).full_list
        assert full is not None
        assert full.total_rows == panel.total_rows
        rows += [(row.value, row.visits, row.visitors, row.share, list(row.plain_cells)) for row in full.rows]
    # An export of articles has no reading times, which cost by article.
    expected = [(row.value, row.visits, row.visitors, row.share, list(row.plain_cells)[:1]) for row in panel.rows]
    assert sorted(rows) == sorted(expected)


def assert_clicks(page: DashboardPage, project: Project, pixel: Pixel | None, now: datetime) -> None:
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
