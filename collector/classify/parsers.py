"""What ua-parser says of a string.

Its own functions remember strings, which costs time and memory. Our callers keep the results themselves.
"""

from functools import cache
from typing import Any

from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver

from collector.classify.pattern_tables import Patterns

SPIDER = "Spider"  # ua-parser's name of the device of any bot


@cache
def _resolver() -> Resolver:
    return Resolver(load_lazy_builtins())


def parsed_browser(string: str) -> str:
    """Return the name of a browser, app or bot, or an empty string."""
    match = _resolver().ua.extract(string)
    return str(match.family) if match else ""


def parsed_os(string: str) -> str:
    """Return the name of an operating system, or an empty string."""
    match = _resolver().os.extract(string)
    return str(match.family) if match else ""


def is_spider(string: str) -> bool:
    """Whether ua-parser takes a string for a bot's.

    Of its 600 patterns of devices, the first that matches decides. All are searched only if one of a spider matches.
    """
    if not _spiders().match(string):
        return False
    match = _resolver().de.extract(string)
    return match is not None and match.family == SPIDER


@cache
def _spiders() -> Patterns:
    _, _, devices = load_lazy_builtins()
    matchers: list[Any] = [matcher for matcher in devices if getattr(matcher, "family", "") == SPIDER]
    return Patterns(f"(?i){of.regex}" if of.regex_flag == "i" else of.regex for of in matchers)
