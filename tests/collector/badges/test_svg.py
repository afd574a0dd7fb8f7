"""Badges as SVG: well-formed whatever they say, as wide as their text, and readable."""

import re
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.badges.colours import PAGES, SHIELDS, colour_of, contrast, ink_on
from collector.badges.figures import Figures
from collector.badges.logos import logo_name, logos
from collector.badges.message import Known, badge_of, label_of, message_of
from collector.badges.options import STYLES, options_of
from collector.badges.svg import Badge, draw
from collector.badges.text import clean

SVG = "{http://www.w3.org/2000/svg}"


def drawn(query: bytes, visits: int = 12_345) -> str:
    options = options_of(query)
    known = Known(is_program=False, figures=Figures(frozenset({"visits", "visitors"}), visits, 7))
    return draw(badge_of(options, label_of(options, is_program=False), message_of(options, known)))


def texts(svg: str) -> list[str]:
    """Return what stands on a badge, without shadows."""
    found = ElementTree.fromstring(svg).iter(f"{SVG}text")
    return [element.text or "" for element in found if "fill-opacity" not in element.attrib]


@pytest.mark.parametrize("style", STYLES)
def test_each_style_is_well_formed_and_says_its_exact_number_to_screen_readers(style):
    svg = drawn(f"style={style}".encode())
    root = ElementTree.fromstring(svg)

    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "visits: 12,345" == root.findtext(f"{SVG}title")
    assert [text.lower() for text in texts(svg)] == ["visits", "12.3k"]
    assert not re.search(r"<script|<style|<image|<a |href=|\son", svg)
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) == set(ids)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("query", "sizes"),
    [  # as badge-maker 6.0.0 draws them: flat, flat-square and plastic; for-the-badge
        ("", (80, 128.75)),
        ("label=on the newest version", (174, 247.5)),
        ("label=", (41, 62.25)),
        ("logo=github", (97, 145.75)),
        ("label=&logo=github", (59, 82.25)),
        ("label=&logo=github&labelColor=333", (65, 94.25)),
        ("label=&labelColor=333", (51, 62.25)),
    ],
)
def test_a_badge_is_as_large_as_those_that_people_know(style, query, sizes):
    root = ElementTree.fromstring(drawn(f"style={style}&{query}".encode()))
    height = {"flat": 20, "flat-square": 20, "plastic": 18, "for-the-badge": 28}[style]

    assert (float(root.attrib["width"]), int(root.attrib["height"])) == (sizes[style == "for-the-badge"], height)


@pytest.mark.parametrize(
    "label",
    [
        "</text><script>alert(1)</script>",
        "\"' onload=alert(1) x='",
        "]]>&lt;![CDATA[&#0;",
        "\x00\x08\ufffe\uffff\u202egnp.exe",
        "a" * 1500,
    ],
)
@pytest.mark.parametrize("style", STYLES)
def test_a_hostile_label_stays_text(label, style):
    root = ElementTree.fromstring(drawn(f"style={style}&logo=github&label={quote(label)}".encode()))

    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    allowed = {"svg", "title", "filter", "feGaussianBlur", "linearGradient", "stop", "clipPath", "rect", "g", "text"}
    assert tags <= allowed | {"path"}
    assert not {"onload", "href", "style"} & {name for element in root.iter() for name in element.attrib}


@given(st.binary(max_size=300))
def test_any_query_gives_a_well_formed_badge(query):
    root = ElementTree.fromstring(drawn(query))

    assert 0 < float(root.attrib["width"]) < 2_000


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(STYLES))
def test_any_text_gives_a_well_formed_badge(label, message, style):
    badge = Badge(clean(label), clean(message), clean(label), style, "#007ec6", "#555", False)
    ElementTree.fromstring(draw(badge))


def test_text_that_can_not_be_measured_is_scaled_as_a_whole_so_that_letters_stay_joined():
    assert 'lengthAdjust="spacingAndGlyphs"' in drawn("label=زيارات".encode())
    assert "lengthAdjust" not in drawn("label=Прочтений".encode())


@pytest.mark.parametrize("colour", [*SHIELDS, "white", "black", "fff", "ffff00", "rebeccapurple"])
def test_text_can_be_read_on_every_colour(colour):
    value = colour_of(colour)

    assert value
    assert contrast(ink_on(value), value) >= 3
    assert ink_on(value) in drawn(f"color={colour}".encode())


@pytest.mark.parametrize(("page", "colour"), [(PAGES[0], "fff"), (PAGES[1], "000"), (PAGES[0], "fefefe")])
def test_a_badge_of_the_colour_of_the_page_has_an_edge(page, colour):
    assert "stroke=" in drawn(f"color={colour}".encode())
    assert "stroke=" in drawn(f"labelColor={colour}&style=flat-square".encode())
    assert "stroke=" not in drawn(b"")


def test_a_logo_is_drawn_in_the_colour_of_the_text_or_in_its_own():
    outline = logos()["github"].path

    assert f'fill="#fff" d="{outline}"' in drawn(b"logo=GitHub")
    assert f'fill="#222" d="{outline}"' in drawn(b"logo=github&label=&color=white")
    assert f'fill="#dd4343" d="{outline}"' in drawn(b"logo=github&logoColor=red")
    assert "<path" not in drawn(b"logo=https://example.com/x.svg")


@pytest.mark.parametrize(
    ("text", "name"),
    [("dev.to", "devdotto"), ("C++", "cplusplus"), ("Node.js", "nodedotjs"), ("PyPI", "pypi"), ("", "")],
)
def test_a_logo_is_found_by_its_name_or_its_title(text, name):
    assert logo_name(text) == name


def test_outlines_have_nothing_but_path_data():
    assert all(re.fullmatch(r"[MmLlHhVvCcSsQqTtAaZz0-9eE.,\s-]+", logo.path) for logo in logos().values())
