"""Writes a page about a program as Markdown (CommonMark 0.31, GitHub's extensions), for the program's repository.

Most words are a stranger's, so none of them may become markup: every text is one line, and characters that could begin
markup are escaped. Punctuation that is harmless inside a sentence stays readable.
"""

import re

from dashboard.about.content import AboutPage, Row, Section

_INLINE = re.compile(r"[\\`*_\[\]<>&|~$]")
_AT_BEGINNING = re.compile(r"[#+=\-]|[0-9]+[.)]")  # of a heading, a list, or the line below a heading
_LINKED = re.compile(r":(?=//)|(?<=\bwww)\.|:(?=[a-z0-9_+-]+:)", re.IGNORECASE)  # GitHub links addresses, shows emoji

_PLAIN_LINK = re.compile(r"https?://[^\s<>]+|[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+")


def as_markdown(page: AboutPage) -> str:
    """Return a page as Markdown, with a line end at its end."""
    blocks = [f"# {escaped(page.heading)}", *map(escaped, page.texts), _listed(page.rows)]
    for section in page.sections:
        blocks += _blocks(section)
    return "\n\n".join(block for block in blocks if block) + "\n"


def escaped(text: str) -> str:
    """Return a text as one line of Markdown that shows it as it is."""
    line = _INLINE.sub(r"\\\g<0>", " ".join(text.split()))
    line = _LINKED.sub(r"\\\g<0>", line)
    match = _AT_BEGINNING.match(line)
    return f"{line[: match.end() - 1]}\\{line[match.end() - 1 :]}" if match else line


def code(text: str) -> str:
    """Return a text as a code span. Its fence is longer than any run of backticks in it."""
    line = " ".join(text.split())
    fence = "`" * (_longest_run(line) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"`{line}`"


def _blocks(section: Section) -> list[str]:
    heading = code(section.heading) if section.is_code else escaped(section.heading)
    fence = "`" * max(3, _longest_run(section.example) + 1)
    return [
        f"{'###' if section.is_part else '##'} {heading}",
        *map(escaped, section.texts),
        _listed(section.rows),
        f"{fence}json\n{section.example}\n{fence}" if section.example else "",
        *map(escaped, section.closing),
    ]


def _listed(rows: list[Row]) -> str:
    return "\n".join(f"- {_row(row)}" for row in rows)


def _row(row: Row) -> str:
    parts = [code(row.code) if row.code else "", escaped(row.text), _linked(row.link)]
    return " ".join(part for part in parts if part)


def _linked(link: str) -> str:
    """Return a link between angle brackets, unless what is no plain address could be taken for a tag of HTML there."""
    return f"<{link}>" if _PLAIN_LINK.fullmatch(link) else escaped(link)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
