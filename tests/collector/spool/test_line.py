import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.models import Verdict
from collector.spool.line import SpooledHit

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(
    st.builds(
        SpooledHit,
        token=st.text("abc", min_size=1, max_size=40),
        at_us=st.integers(1, 2**52 - 1),
        placement=texts,
        is_end=st.booleans(),
        verdict=st.sampled_from(Verdict),
        agent=texts,
        page=texts,
        language=texts,
        country=st.text("AB", max_size=2),
        visitor=st.none() | st.integers(-(2**63), 2**63 - 1),
    )
)
def test_a_hit_survives_encoding_and_decoding(hit):
    line = hit.to_line()

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert SpooledHit.from_line(line[:-1]) == hit


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(str).map(str.encode))
def test_any_other_line_is_refused_with_a_reason(content):
    with pytest.raises(ValueError, match=r"\w+"):
        SpooledHit.from_line(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Input data was truncated"),
        (b"garbage", "JSON is malformed"),
        (b"\xff", "JSON is malformed"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"token":"a"}', "missing required field `at`"),
        (b'{"token":"a","at":true}', r"Expected `int`, got `bool` - at `\$.at`"),
        (b'{"token":"a","at":0}', r"Expected `int` >= 1 - at `\$.at`"),
        (b'{"token":"a","at":1e300}', r"Expected `int`, got `float` - at `\$.at`"),
        (b'{"token":"a","at":9999999999999999999}', r"Expected `int` <= 4503599627370495 - at `\$.at`"),
        (b'{"at":1}', "missing required field `token`"),
        (b'{"token":"","at":1}', r"of length >= 1 - at `\$.token`"),
        (b'{"token":["a"],"at":1}', r"got `array` - at `\$.token`"),
        (b'{"token":"a","at":1,"visitor":9223372036854775808}', r"Expected `int` <= 9223372036854775807"),
        (b'{"token":"a","at":1,"visitor":"x"}', r"got `str` - at `\$.visitor`"),
        (b'{"token":"a","at":1,"verdict":99}', r"Expected `int` <= 10 - at `\$.verdict`"),
        (b'{"token":"a","at":1,"agent":"\\ud800"}', "Input data was truncated"),
        (b'{"token":"a","at":1,"agent":"\\udc00x"}', "invalid utf-16 surrogate pair"),
        (b'{"token":"a","at":1,"agent":"\xff"}', "utf-8"),
        (b'{"token":"a","at":1,"country":"DEU"}', r"of length <= 2 - at `\$.country`"),
        (b"[" * 100_000, "longer than any line we write"),
        (b'{"x":' + b"[" * 10_000, "nested too deep"),
    ],
)
def test_the_error_for_an_unusable_line_gives_the_reason(content, reason):
    with pytest.raises(ValueError, match=reason):
        SpooledHit.from_line(content)


def test_a_nul_in_a_text_is_replaced():
    assert SpooledHit.from_line(b'{"token":"a","at":1,"agent":"x\\u0000y"}').agent == "x\ufffdy"
