"""How wide texts are."""

import pytest

from collector.badges.text import clean, width_of
from tests.collector.badges import font_widths


@pytest.mark.parametrize(
    ("text", "pixels"),  # at 11 pixels, as npm's anafanafo 2.0.0 measures Verdana
    [("visits", 28.34), ("INSTALLATIONS", 90.26), ("12.3k/month", 72.11)],
)
def test_letters_of_ascii_are_as_wide_as_in_verdana(text, pixels):
    assert width_of(text).size * 11 == pytest.approx(pixels, abs=0.1)


@pytest.mark.parametrize(
    ("text", "size", "is_measured"),
    [
        ("", 0, True),
        ("é", 0.615, True),
        ("Я", 0.695, True),
        ("漢字", 2, False),
        ("e\u0301", 0.596, True),
        ("🎉", 1.2, False),
    ],
)
def test_other_letters_are_measured_or_estimated_and_it_says_which(text, size, is_measured):
    width = width_of(text)

    assert (width.size, width.is_measured) == (pytest.approx(size, abs=0.002), is_measured)


def test_the_table_is_what_the_font_has():
    if not font_widths.REGULAR.exists():
        pytest.skip("Install the Debian package fonts-dejavu-core.")
    assert font_widths.TABLE.read_text("utf-8") == font_widths.table()


def test_joiners_of_emoji_and_of_letters_stay():
    text = "👩\u200d💻 क\u094dष न\u200cम"

    assert clean(text) == text
