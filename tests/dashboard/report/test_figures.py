"""How numbers and rows are set in a page: what they say of changes, and that nothing in them is taken for markup."""

import pytest

from collector.models import Verdict
from dashboard import formatting
from dashboard.report.changes import DOWN, SAME, UP, Change, count_change
from dashboard.report.figures import EarlierNumbers, filtered_out, key_figures
from dashboard.report.hours import HoursCell
from dashboard.report.numbers import PeriodNumbers
from dashboard.report.panels.panel import Band, Panel, PanelRow
from dashboard.report.sparkline import NO_LINE, SparkLine
from dashboard.templatetags.table_cells import cells, ranked, shades
from dashboard.visits.results import ReadThrough, Total

NOTHING = PeriodNumbers(0, 0, 0, {}, ReadThrough(0, 0))


@pytest.mark.parametrize(
    ("now", "before", "arrow", "words"),
    [
        (0, 4, DOWN, "100% fewer"),
        (4, 0, UP, "0 before"),
        (5, 5, SAME, "unchanged"),
        (6, 4, UP, "50% more"),
        (3, 4, DOWN, "25% fewer"),
        (1001, 1000, UP, "<1% more"),
        (999, 1000, DOWN, "<1% fewer"),
        (1, 1000, DOWN, ">99% fewer"),
        (400, 4, UP, "9900% more"),
    ],
)
def test_a_count_says_how_it_changed(now, before, arrow, words):
    change = count_change(now, before, "May")
    assert change is not None
    assert (change.arrow, change.words.replace(",", "")) == (arrow, words)
    assert change.title == f"{before:,} in May"


def test_nothing_after_nothing_is_no_change():
    assert count_change(0, 0, "May") is None


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        ((10, 5), (10, 5), "unchanged"),
        ((1000, 503), (1000, 500), "unchanged"),
        ((100, 51), (100, 50), "1 point more"),
        ((10, 2), (10, 5), "30 points less"),
        ((40, 5), (40, 4), "3 points more"),  # 2.5
        ((200, 101), (200, 100), "1 point more"),  # 0.5
        ((10, 20), (10, 15), "unchanged"),  # nobody reads further than the end
        ((10, 0), (10, 5), None),
        ((10, 5), (0, 0), None),
    ],
)
def test_a_share_is_compared_in_points(now, before, words):
    def reading(base: tuple[int, int]) -> PeriodNumbers:
        return PeriodNumbers(100, 10, 0, {}, ReadThrough(*base))

    figure = key_figures(reading(now), EarlierNumbers(reading(before), "May"))[2]
    assert (figure.change.words if figure.change else None) == words


def test_a_period_that_is_not_over_is_compared_with_as_much_of_the_one_before():
    now = PeriodNumbers(4, 2, 1, {"bot": 3}, ReadThrough(4, 2))
    before = EarlierNumbers(
        PeriodNumbers(9, 9, 1, {"bot": 1}, ReadThrough(2, 2)), "May", Total(2, 2), "May, up to 13:00"
    )
    changes = {figure.key: figure.change for figure in key_figures(now, before)}
    assert (changes["visits"].words, changes["visits"].title) == ("100% more", "2 in May, up to 13:00")
    assert (changes["visitors"].words, changes["reading"].words) == ("unchanged", "50 points less")
    assert changes["reading"].title == "100% in May"
    assert changes["bots"] is None
    assert not [figure for figure in key_figures(NOTHING, None) if figure.change]


def test_a_period_that_was_not_measured_is_told_apart_from_one_without_visits():
    for figure in key_figures(PeriodNumbers(4, 2, 1, {}, ReadThrough(4, 2)), None, lacks_earlier=True):
        assert figure.change == Change("", "no earlier data", "")


def test_hits_that_were_filtered_out_are_named_with_their_reason():
    verdicts = {verdict.label: 1000 + verdict for verdict in Verdict}
    assert filtered_out(verdicts) == (
        "1,002 by bots, 1,005 with inconsistent browser headers, 1,003 over the rate limit, 1,004 prefetched, "
        "1,006 while paused, 1,007 from own addresses, 1,009 on private hosts, 1,010 by members, "
        "1,008 that reached the end too soon"
    )
    assert filtered_out({"bot": 0, "counted": 5}) == ""


@pytest.mark.parametrize(
    ("verdict", "note"),
    [
        ("muted", "also filtered out: 7 while paused"),
        (
            "own",
            "also filtered out: 7 by members. "
            "What members read through an image proxy or on another device is counted.",
        ),
    ],
)
def test_where_members_were_filtered_out_it_says_what_can_not_be(verdict, note):
    figures = key_figures(PeriodNumbers(4, 2, 1, {verdict: 7}, ReadThrough(0, 0)), None)
    assert figures[-1].note == note


def test_cells_are_short_with_the_exact_number_on_hover_and_say_what_is_unknown():
    assert cells([0, 999, 12_345]) == (
        '<td>0</td><td>999</td><td title="12,345"><span aria-hidden="true">12.3k</span>'
        '<span class="visually-hidden exact">12,345</span></td>'
    )
    unknown = cells([None])
    assert formatting.UNSEEN in unknown
    assert ">unknown<" in unknown


def test_cells_of_the_grid_hold_their_number_and_their_shade():
    shaded = shades([HoursCell(0, 0, "Monday, 00–01: 0"), HoursCell(12, 8, "<b>")])
    assert shaded == (
        '<td class="shade-0" title="Monday, 00–01: 0"><span class="visually-hidden">0</span></td>'
        '<td class="shade-8" title="&lt;b&gt;"><span class="visually-hidden">12</span></td>'
    )


HOSTILE = "\"><script>alert('1')</script>&"


def test_nothing_in_a_row_is_taken_for_markup():
    row = PanelRow(
        value=HOSTILE, label=HOSTILE, visits=5, visitors=None, share=0.5, bar="50.0%", colour=HOSTILE,
        filter_url=f"?page={HOSTILE}", url=f"/{HOSTILE}", detail=HOSTILE, hint=HOSTILE, cells=[HOSTILE],
        sparkline=SparkLine(HOSTILE, HOSTILE), bands=[Band(HOSTILE, HOSTILE, "0%", "100%")],
    )  # fmt: skip
    panel = Panel("articles", "articles", "", "", "", [row], 1, headings=[HOSTILE], has_sparklines=True)
    set_row = ranked(panel)
    assert "<script" not in set_row
    assert "alert('1')" not in set_row
    assert set_row.count("&lt;script&gt;") >= 10


@pytest.mark.parametrize("line", [SparkLine("0.0,1.0 9.0,1.0"), NO_LINE])
@pytest.mark.parametrize("has_sparklines", [True, False])
def test_the_platforms_of_a_row_are_drawn_once(line, has_sparklines):
    row = PanelRow("7", "Hello", 5, 2, 1, "0%", sparkline=line, bands=[Band("Medium 100%", "red", "0%", "100%")])
    panel = Panel("articles", "articles", "", "", "", [row], 1, has_sparklines=has_sparklines)
    assert ranked(panel).count('<svg class="split"') == 1


def test_a_row_without_colour_link_or_hint_has_none():
    row = PanelRow(value="", label="unknown", visits=5, visitors=2, share=0.25, bar="0%", is_known=False)
    set_row = ranked(Panel("countries", "countries", "", "", "", [row], 1))
    assert "<a" not in set_row
    assert "title=" not in set_row
    assert "color=" not in set_row
    assert set_row.startswith('<tr><th scope="row" class="unknown">')
    assert set_row.endswith('<td>5</td><td>2</td><td class="share">25%</td></tr>')
