"""What the query of a badge's address says."""

import pytest

from collector.badges.options import MAX_BASE, Options, options_of


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", Options()),
        (b"style=for-the-badge", Options(style="for-the-badge")),
        (b"STYLE=Flat-Square", Options(style="flat-square")),
        (b"style=social", Options()),
        (b"show=visitors&range=30d", Options(show="visitors", range="30d")),
        (b"range=2d", Options()),
        (b"style=plastic&amp;color=red&amp;count=0", Options(style="plastic", color="#dd4343", counts=False)),
        (b"label=read%20by&label=seen+by", Options(label="seen by")),
        (b"label=", Options(label="")),
        (b"label=%E8%AE%BF%E9%97%AE", Options(label="访问")),
        (b"label=%ff%00x", Options(label="\ufffdx")),
        (b"color=FF69B4&logoColor=white", Options(color="#ff69b4", logo_color="#ffffff")),
        (b"labelColor=%23abc", Options(label_color="#abc")),
        (b"color=expression(1)&labelColor=%22/%3E", Options()),
        (b"base=12,345", Options(base=12_345)),
        (b"base=-50", Options(base=-50)),
        (b"base=" + b"9" * 13, Options(base=MAX_BASE)),
        (b"base=" + b"9" * 5000, Options()),
        (b"base=1e3", Options()),
        (b"base=%D9%A1", Options()),  # a digit, but not one of ASCII
        (b"count=1", Options()),
        (b"&&==&%&;" * 400, Options()),
    ],
)  # fmt: skip
def test_what_can_be_read_counts_and_the_rest_is_as_if_it_were_not_there(query, expected):
    assert options_of(query) == expected


def test_a_label_is_one_line_of_bounded_length_that_turns_no_direction():
    label = options_of(b"label=a%0Ab%09c%E2%80%AEd" + b"x" * 1000).label

    assert label
    assert label.startswith("a b cdxxx")
    assert len(label) == 100
