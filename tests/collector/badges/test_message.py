"""What badges say."""

import pytest

from collector.badges.figures import Figures
from collector.badges.message import Known, Message, label_of, message_of
from collector.badges.options import options_of

PUBLIC = Figures(frozenset({"installations", "newest-share"}), installations=4_321, shares={"2.4.1": 0.625})
ONLY_ACTIVES = Figures(frozenset({"installations"}), installations=50)
TOO_FEW = Figures(PUBLIC.public)


def article(visits: int, visitors: int | None) -> Figures:
    return Figures(frozenset({"visits", "visitors"}), visits, visitors)


def said(query: str, known: Known) -> tuple[str, str]:
    options = options_of(query.encode())
    return label_of(options, is_program=known.is_program), message_of(options, known).text


@pytest.mark.parametrize(
    ("query", "figures", "expected"),
    [
        ("", article(0, 0), ("visits", "0")),
        ("", article(999, 9), ("visits", "999")),
        ("", article(12_345, 9), ("visits", "12.3k")),
        ("", article(10**15, 9), ("visits", "1,000T")),
        ("show=visitors", article(12_345, 1_234), ("visitors", "1.2k")),
        ("show=visitors", article(12_345, None), ("visitors", "–")),
        ("range=30d", article(12_345, 9), ("visits", "12.3k/month")),
        ("range=7d&show=visitors", article(5, 3), ("visitors", "3/week")),
        ("base=1000", article(34, 9), ("visits", "1k")),
        ("base=-30", article(34, 9), ("visits", "4")),
        ("base=-99", article(34, 9), ("visits", "0")),
        ("base=7", None, ("visits", "–")),
        ("", Figures(), ("visits", "not public")),
        ("base=7", Figures(), ("visits", "not public")),
        ("show=installations", article(5, 3), ("installations", "not counted")),
        ("show=downloads", article(5, 3), ("show", "unknown")),
        ("show=__class__", article(5, 3), ("show", "unknown")),
    ],
)
def test_what_the_badge_of_an_article_says(query, figures, expected):
    assert said(query, Known(False, figures=figures)) == expected


@pytest.mark.parametrize(
    ("query", "newest", "figures", "expected"),
    [
        ("", "2.4.1", PUBLIC, ("installations", "4.3k")),
        ("range=30d", "2.4.1", PUBLIC, ("installations", "4.3k")),
        ("", "2.4.1", Figures(), ("installations", "not public")),
        ("", "2.4.1", None, ("installations", "–")),
        ("show=version", "2.4.1", None, ("version", "v2.4.1")),
        ("show=version", "", PUBLIC, ("version", "not declared")),
        ("show=newest-share", "2.4.1", PUBLIC, ("on the newest version", "63%")),
        ("show=newest-share", "2.5.0", PUBLIC, ("on the newest version", "–")),
        ("show=newest-share", "", PUBLIC, ("on the newest version", "not declared")),
        ("show=newest-share", "2.4.1", ONLY_ACTIVES, ("on the newest version", "not public")),
        ("", "2.4.1", TOO_FEW, ("installations", "–")),
        ("show=newest-share", "2.4.1", TOO_FEW, ("on the newest version", "–")),
        ("show=visits", "2.4.1", PUBLIC, ("visits", "not counted")),
        ("label=used+by", "2.4.1", PUBLIC, ("used by", "4.3k")),
    ],
)
def test_what_the_badge_of_a_program_says(query, newest, figures, expected):
    assert said(query, Known(True, newest, figures)) == expected


def test_all_digits_are_spoken_and_a_problem_is_marked():
    options = options_of(b"range=30d&base=1")

    assert message_of(options, Known(False, figures=article(12_345, 9))) == Message("12.3k/month", "12,346 in 30 days")
    assert message_of(options, Known(False)).is_problem
