"""Markdown of public pages: strangers' words stay words."""

import pytest

from dashboard.about.content import AboutPage, Row, Section
from dashboard.about.markdown import as_markdown, code, escaped


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Plain words, e.g. 2.4.1 (or so) - that's all!", "Plain words, e.g. 2.4.1 (or so) - that's all!"),
        ("*a* _b_ `c` ~~d~~ $e$", r"\*a\* \_b\_ \`c\` \~\~d\~\~ \$e\$"),
        ("[a](javascript:x) ![b](c)", r"\[a\](javascript:x) !\[b\](c)"),
        ("<script>alert(1)</script> &lt;", r"\<script\>alert(1)\</script\> \&lt;"),
        ("a | b", r"a \| b"),
        ("back\\slash", r"back\\slash"),
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("+ item", r"\+ item"),
        ("> quote", r"\> quote"),
        ("12. item", r"12\. item"),
        ("1) item", r"1\) item"),
        ("=== line", r"\=== line"),
        ("a\n# b\n\n- c\n    d", "a # b - c d"),
        ("a\r\u2028# b", "a # b"),
        ("see https://x.example and www.x.example", r"see https\://x.example and www\.x.example"),
        (":tada: 10:30", r"\:tada: 10:30"),
        ("[^1]: x", r"\[^1\]: x"),
    ],
)
def test_no_text_becomes_markup(text, written):
    assert escaped(text) == written


@pytest.mark.parametrize(
    ("text", "written"), [("a_b", "`a_b`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```"), ("a\n\nb", "`a b`")]
)
def test_code_ends_where_it_should(text, written):
    assert code(text) == written


@pytest.mark.parametrize(
    ("link", "written"),
    [
        ("https://x.example/a?b=(c)&d", "<https://x.example/a?b=(c)&d>"),
        ("me@x.example", "<me@x.example>"),
        ("<svg/onload=alert(1)@x.example", r"\<svg/onload=alert(1)@x.example"),
        ("svg/onload=alert(1)@x.example", "svg/onload=alert(1)@x.example"),
    ],
)
def test_only_plain_links_are_links(link, written):
    page = AboutPage("a", [], [Row("Questions:", link=link)], [])

    assert as_markdown(page) == f"# a\n\n- Questions: {written}\n"


def test_an_example_can_not_end_its_fence():
    page = AboutPage("a", [], [], [Section("b", example='{"x": "```"}')])

    assert as_markdown(page) == '# a\n\n## b\n\n````json\n{"x": "```"}\n````\n'
