"""Decoded is what people can read, and nothing that could deceive them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.classify.readable import readable_host, readable_page


def punycode(label: str) -> str:
    return f"xn--{label.encode('punycode').decode()}"


@pytest.mark.parametrize(
    "label",
    ["bücher", "straße", "пример", "食狮", "日本語ドメイン", "한국", "παράδειγμα", "हिन्दी", "ไทย", "anime日本"],
)
def test_a_host_in_one_writing_system_is_decoded(label):
    assert readable_host(f"blog.{punycode(label)}.example") == f"blog.{label}.example"


@pytest.mark.parametrize(
    "label",
    [
        "\u0430\u0440\u0440\u04cf\u0435",  # all Cyrillic, looks like "apple"
        "\u0440\u0430\u0443\u0440\u0430l",  # Cyrillic and Latin
        "g\u03bfogle",  # Greek omicron
        "\u03bf\u03c1\u03c4",  # all Greek, looks like "opt"
        "tw\u0131tter",  # an i without its dot
        "p\u0251ypal",  # Latin alpha
        "\u01c0ol",  # a click that looks like l
        "a\u202eb",
        "a\u200db",
        "a\u00adb",
        "\ufb01x",
        "a\u0338b",
        "\U00010400x",
        "\u13a0",  # Cherokee
    ],
)
def test_a_host_that_could_pass_for_another_stays_punycode(label):
    host = f"{punycode(label)}.com"

    assert readable_host(host) == host


@pytest.mark.parametrize("host", ["xn--.com", "xn--a.com", "xn--\u00e9.com", "xn---", "xn--99999999999"])
def test_what_is_no_punycode_stays(host):
    assert readable_host(host).isascii()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/wiki/Stra%C3%9Fe", "/wiki/Stra\u00dfe"),
        ("/%c3%a9t%C3%A9", "/\u00e9t\u00e9"),
        ("/%41%7e", "/A~"),
        ("/%E5%93%81%EF%BC%9A", "/\u54c1\uff1a"),
        ("/%F0%9F%98%80", "/\U0001f600"),
        ("/%E0%A4%B9%E0%A4%BF", "/\u0939\u093f"),
        ("/%D7%A9%D7%9C/x", "/\u2068\u05e9\u05dc\u2069/x"),  # can't move what stands beside it
        ("/a%2Fb%3Fc%23d%25e%20f%5Cg", None),
        ("/%3Cscript%3E%22%27%26", None),
        ("/%00%0A%1B%7F%C2%85", None),
        ("/%E2%80%AEgpj.exe%E2%81%A6%E2%80%8F", None),  # overrides, isolates and marks of direction
        ("/%E2%80%8B%E2%81%A0%EF%BB%BF%C2%AD%E3%85%A4%E2%A0%80", None),  # nobody sees them
        ("/x%EF%B8%8F%CD%8F", None),
        ("/%E3%80%80%C2%A0%E2%80%A8", None),
        ("/%E2%88%95%EF%BC%8F%E2%81%84%EF%BC%9F", None),  # look like / and ?
        ("/%FF%C3%C0%AF%ED%A0%80", None),  # not UTF-8, overlong, half a character
        ("/%CC%81a", None),  # a mark without a letter
        ("/%EE%80%80%F3%A0%81%81", None),  # private use, tags
        ("/%F0%97%80%80", "/\U00017000"),  # a Tangut letter, which Python has no name for
    ],
)
def test_a_path_is_decoded_where_that_is_safe(path, shown):
    assert readable_page(f"a.example{path}") == f"a.example{shown or path}"


def test_marks_do_not_pile_up():
    assert readable_page("a.example/%C3%A9" + "%CC%81" * 5) == "a.example/\u00e9" + "\u0301" * 3 + "%CC%81" * 2


def test_a_page_in_raw_characters_is_written_with_escapes_first():
    assert readable_page("a.example/caf\u00e9\u202e") == "a.example/caf\u00e9%E2%80%AE"
    assert readable_host("\u202eevil.example") == "%E2%80%AEevil.example"


@given(st.binary(max_size=60))
def test_no_bytes_at_all_become_anything_unseen(data):
    text = readable_page("a.example/" + "".join(f"%{byte:02X}" for byte in data))

    host, _, path = text.partition("/")
    assert host == "a.example"
    assert not set(path) & set("/?# \\")
    unseen = {unicodedata.category(character) for character in path.replace("\u2068", "").replace("\u2069", "")}
    assert not {kind for kind in unseen if kind[0] in "CZ"}
