"""The names of browsers and systems that a parser can give to a string without copying them from the string.

ua-parser's patterns either have a fixed name, list the names they look for, as in `(Firefox|Chrome)/`, or copy what
stands in some place, as in `([^/]+)/\\d+ CFNetwork`. With the last, a stranger chooses the name.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from babel import Locale
from ua_parser.loaders import load_lazy_builtins

from collector.classify.pattern_tables import tables

MAX_LANGUAGE = 3  # letters of a language code (RFC 5646, 2.2.1)
_GROUP = re.compile(r"(?<!\\)\((?!\?)")  # where the first group opens that captures what it matches
_TOKEN = re.compile(r"\\.|.", re.DOTALL)
_PLAIN = re.compile(r"(?:[\w &':!/-]|\\\W)+")  # a name that matches no other string


@cache
def known_browsers() -> frozenset[str]:
    """Return every name that a browser, app or mail program can have without choosing it."""
    user_agents, _, _ = load_lazy_builtins()
    return frozenset({"", *_names(user_agents), *(row["name"] for row in tables()["app"])})


@cache
def known_systems() -> frozenset[str]:
    """Return every name that an operating system can have without choosing it."""
    _, systems, _ = load_lazy_builtins()
    return frozenset({"", *_names(systems), *(row["name"] for row in tables()["system"])})


@cache
def known_languages() -> frozenset[str]:
    """Return the codes of all languages that Unicode's CLDR names, without regions and scripts."""
    codes = map(str, Locale.parse("en").languages)
    return frozenset({"", *(code for code in codes if len(code) <= MAX_LANGUAGE)})


def _names(matchers: Iterable[Any]) -> Iterator[str]:  # of two classes of ua-parser
    for matcher in matchers:
        template = matcher.family or "$1"
        if "$" not in template:
            yield template
            continue
        for name in _alternatives(matcher.regex):
            if _PLAIN.fullmatch(name):
                yield template.replace("$1", re.sub(r"\\(.)", r"\1", name)).strip()


def _alternatives(pattern: str) -> list[str]:
    """Return the alternatives of a pattern's first group, such as `a` and `b(?:c)` for `x(a|b(?:c))/`."""
    group = _GROUP.search(pattern)
    depth = 0
    alternatives = [""]
    for token in _TOKEN.findall(pattern[group.end() :] if group else ""):
        depth += (token == "(") - (token == ")")
        if depth < 0:
            return alternatives
        if token == "|" and not depth:
            alternatives.append("")
        else:
            alternatives[-1] += token
    return []
