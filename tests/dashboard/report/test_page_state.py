"""What addresses of pages ask for, what is ignored in them, and the links between states."""

from datetime import date
from urllib.parse import parse_qsl

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.models import Dimension
from dashboard.report.page_state import PageState, read_page_state
from dashboard.visits.filters import DIMENSION_FILTERS, FILTER_NAMES, NEVER_UNKNOWN, Filters
from dashboard.visits.periods import Bucket, Comparison, Period

TODAY = date(2026, 11, 22)
MONTH = Period(date(2026, 10, 24), date(2026, 11, 23), "30d")


def read(query: str) -> PageState:
    return read_page_state(QueryDict(query), today=TODAY, first_day=date(2024, 5, 3))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", PageState(MONTH)),
        ("range=30d&by=&compare=&trend=&all=&page_number=&country=&article=", PageState(MONTH)),
        ("by=week", PageState(Period(MONTH.start, MONTH.end, "30d", Bucket.WEEK))),
        ("compare=year", PageState(MONTH, Comparison.YEAR)),
        ("compare=none&compare=previous", PageState(MONTH)),
        ("trend=line", PageState(MONTH, is_line=True)),
        ("trend=circle", PageState(MONTH)),
        ("all=pages&page_number=7", PageState(MONTH, full_list="pages", page_number=7)),
        ("article=7", PageState(MONTH, filters=Filters(pixel_id=7))),
        ("platform=medium", PageState(MONTH, filters=Filters(platform="medium"))),
        (
            "os=iOS&country=(unknown)",
            PageState(MONTH, filters=Filters(values=((Dimension.COUNTRY, ""), (Dimension.OS, "iOS")))),
        ),
        (
            "page=medium.com/%40me/a%2Bb",
            PageState(MONTH, filters=Filters(values=((Dimension.PAGE, "medium.com/@me/a+b"),))),
        ),
        (
            "platform=(unknown)",
            PageState(MONTH, filters=Filters(platform="(unknown)")),
        ),  # there are none; a link says so
        ("colour=red", PageState(MONTH)),
    ],
)
def test_an_address_is_read(query, expected):
    assert read(query) == expected


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        ("by=minute", "This range can't be drawn by “minute”."),
        ("by=hour", "This range can't be drawn by “hour”."),
        ("range=today&by=day", "This range can't be drawn by “day”."),
        ("compare=yesterday", "The address names an unknown comparison. Compared with the period before instead."),
        ("article=hello", "The filter “Article” in the address is invalid and was ignored."),
        ("article=0", "The filter “Article” in the address is invalid and was ignored."),
        ("article=2147483648", "The filter “Article” in the address is invalid and was ignored."),
        ("article=%D9%A3", "The filter “Article” in the address is invalid and was ignored."),
        ("country=D%00E", "The filter “Country” in the address is invalid and was ignored."),
        ("page=" + 256 * "a", "The filter “Page” in the address is invalid and was ignored."),
        ("elsewhere=%0A", "The filter “Seen elsewhere” in the address is invalid and was ignored."),
        ("start=2026-11-22", "Enter both a start date and an end date. Showing the last 30 days."),
    ],
)
def test_a_parameter_that_can_not_be_read_is_ignored_with_a_notice(query, notice):
    state = read(query)
    assert state.notices == (notice,)
    assert state.filters == Filters()
    assert state.comparison is Comparison.PREVIOUS


@pytest.mark.parametrize("number", ["0", "-1", "x", "100001", "9" * 50, "1.5", "²"])
def test_a_page_number_that_makes_no_sense_is_the_first(number):
    assert read(f"all=pages&page_number={number}").page_number == 1


def test_a_link_changes_one_parameter_and_keeps_the_others():
    state = read("start=2026-11-01&end=2026-11-14&by=week&compare=year&trend=line&article=7&page=a.example/%26%3D%3F")
    assert state.query == (
        "start=2026-11-01&end=2026-11-14&by=week&compare=year&trend=line&article=7&page=a.example%2F%26%3D%3F"
    )
    kept = dict(parse_qsl(state.query))
    assert dict(parse_qsl(state.link(country="DE")[1:])) == kept | {"country": "DE"}
    assert dict(parse_qsl(state.link(article="8")[1:])) == kept | {"article": "8"}
    for name in kept:
        assert dict(parse_qsl(state.link(name)[1:])) == {key: value for key, value in kept.items() if key != name}


def test_a_link_leaves_the_full_list():
    state = read("all=pages&page_number=3&country=DE")
    assert state.link() == "?range=30d&country=DE"


def test_only_filters_that_the_counts_do_not_know_need_hits():
    assert not Filters(pixel_id=1, platform="medium").need_hits
    assert all(Filters(values=((dimension, ""),)).need_hits for dimension in DIMENSION_FILTERS.values())


PRINTABLE = st.text(min_size=1, max_size=255).filter(str.isprintable)
NEVER_EMPTY = {DIMENSION_FILTERS[name] for name in NEVER_UNKNOWN}
FILTERS = st.builds(
    Filters,
    pixel_id=st.none() | st.integers(1, 2**31 - 1),
    platform=st.none() | PRINTABLE,
    values=st.lists(st.sampled_from(list(DIMENSION_FILTERS.values())), unique=True).flatmap(
        lambda found: st.tuples(
            *(
                st.tuples(st.just(dimension), PRINTABLE if dimension in NEVER_EMPTY else st.just("") | PRINTABLE)
                for dimension in sorted(found, key=list(DIMENSION_FILTERS.values()).index)
            )
        )
    ),
)


@settings(max_examples=60, deadline=None, database=None)
@given(filters=FILTERS, comparison=st.sampled_from(Comparison), is_line=st.booleans(), days=st.integers(1, 900))
def test_every_state_can_be_asked_for_again(filters, comparison, is_line, days):
    period = Period(date.fromordinal(TODAY.toordinal() - days + 1), date.fromordinal(TODAY.toordinal() + 1))
    for unit in (None, *period.offered_buckets()):
        requested = PageState(Period(period.start, period.end, unit=unit), comparison, filters, is_line)
        if any(value == "(unknown)" for _, value in filters.values):
            continue
        assert read(requested.query) == requested


ANYTHING = st.text(max_size=300) | st.sampled_from(["-1", "9" * 5000, "\x00", "(unknown)", "2026-11-31", "day", "none"])
NAMES = ["range", "start", "end", "by", "compare", "trend", "all", "page_number", *FILTER_NAMES]


@settings(max_examples=150, deadline=None, database=None)
@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING))
def test_any_address_gives_a_state_that_its_own_link_asks_for_again(requested):
    state = read_page_state(requested, today=TODAY, first_day=None)
    again = read(state.query)
    assert again.notices == ()
    assert (again.period.start, again.period.end, again.period.unit) == (
        state.period.start, state.period.end, state.period.unit,
    ) or state.period.name == "all"  # fmt: skip
    assert (again.filters, again.comparison, again.is_line) == (state.filters, state.comparison, state.is_line)
    ignored = [name for name in FILTER_NAMES if requested.get(name) and name not in state.parameters()]
    assert len(state.notices) >= len(ignored)
