"""What the path of a badge names, right and mangled."""

import pytest

from collector.intake.badge_targets import badge_target_of
from collector.intake.targets import target_of

TOKEN = "abcdefghijkmnpqrstuv"


@pytest.mark.parametrize(
    ("path", "placement"),
    [
        ("/p/{t}/badge.svg", ""),
        ("/p/{t}/github/badge.svg", "github"),
        ("/P/{T}/GitHub/Badge.SVG", "github"),
        ("//p//{t}//badge.svg", ""),
        ("/p/{t}/badge.svg/", ""),
        ('/p/{t}/badge.svg"', ""),
        ("/p/{t}/badge.svg)](https://example.com", ""),
        ("/p/{t}/badge.svg&style=flat", ""),
        ("/p/{t}/%62adge%2Esvg", ""),
        ("https://hits.example/p/{t}/badge.svg", ""),
        ("\\p\\{t}\\github\\badge.svg", "github"),
        ("/p/<{t}>/{github}/badge.svg", "github"),
        ("/p/{t}/not a slug/badge.svg", "(other)"),
        ("/p/{t}/badge/badge.svg", "badge"),
    ],
)
def test_a_mangled_address_names_what_the_right_one_does(path, placement):
    named = badge_target_of(path.replace("{t}", TOKEN).replace("{T}", TOKEN.upper()))

    assert named
    assert (named.target.token, named.target.placement, named.target.is_end) == (TOKEN, placement, False)
    assert not named.is_json


@pytest.mark.parametrize(
    "path",
    [
        "/p/{t}.gif",
        "/p/{t}/badge.gif",
        "/p/{t}/badge.png",
        "/p/{t}/badge",
        "/p/{t}/badge.svgz",
        "/p/{t}/my-badge.svg",
        "/p/{t}/a/b/badge.svg",
        "/p/../{t}/badge.svg",
        "/x/p/{t}/badge.svg",
        "/p/abc/badge.svg",
        "/p//badge.svg",
    ],
)
def test_other_addresses_name_no_badge(path):
    assert badge_target_of(path.replace("{t}", TOKEN)) is None


def test_a_query_that_was_escaped_with_the_path_is_kept_as_written():
    named = badge_target_of(f"/p/{TOKEN}/badge.svg?label=Read By&style=plastic")

    assert named
    assert named.query == b"label=Read By&style=plastic"


def test_json_is_another_form_of_the_same():
    named = badge_target_of(f"/p/{TOKEN}/badge.json")

    assert named
    assert named.is_json


def test_a_badge_is_no_pixel():
    assert target_of(f"/p/{TOKEN}/badge.svg") is None
