"""Recognise bots by their names, image proxies, and requests with inconsistent browser headers.

Looked up in this order: image proxies, our own table of bots, apps that people read in, and the list of `is-bot`.
`crawler-user-agents` is not used: it finds no bot that these miss, and the names of bots are in their strings.
"""

import re
from functools import cache, lru_cache

import regex
from is_bot import Bots

from collector.classify.pattern_tables import Names, any_of, tables

MAX_SEARCHED = 300  # characters, for a name: with a hostile string, some patterns take its length squared
REMEMBERED = 1024  # distinct headers: strangers can invent any number

# The plain strings of browsers. They take 5 µs here, 150 if compared with every bot, and their devices may be called
# Newsday or Discovery. Neither a bot's own name matches, nor a browser that claims a macOS later than 10.
_MODEL = r"(?!compatible)(?:(?!(?i:(?<!cu)bot|crawl|spider|http|lighthouse|catchpoint))[^;:@()\\]|\(\w+\)){1,50}"
_ORDINARY = re.compile(
    r"Mozilla/5\.0 \((?:Windows NT [\d.]+(?:; (?:Win64|WOW64|x64|ARM64))*|Macintosh; Intel Mac OS X 10[\d_.]*"
    r"|X11; (?:Ubuntu; )?Linux (?:x86_64|aarch64|armv7l|i686)|X11; CrOS \w+ [\d.]+|Android [\d.]+; (?:Mobile|Tablet)"
    rf"|Linux; (?:U; |arm(?:_64)?; )?Android [\d.]+(?:; [a-z]{{2}}[-_][A-Za-z]{{2,5}})?(?:; {_MODEL})?(?:; wv)?"
    r"|i(?:Phone|Pad|Pod touch); (?:U; )?CPU (?:iPhone )?OS [\d_]+ like Mac OS X)(?:; rv:[\d.]+)?\) "
    r"(?:Gecko/[\d.]+ Firefox/[\d.]+|AppleWebKit/[\d.]+ ?\(KHTML,? like Gecko\)"
    r"(?: (?:Version|Chrome|Mobile|Safari|Edg|EdgA|EdgiOS|OPR|CriOS|FxiOS|SamsungBrowser|Vivaldi|GSA|YaBrowser|SA"
    r"|UCBrowser|HuaweiBrowser|VivoBrowser|HeyTapBrowser|XiaoMi/MiuiBrowser)(?:/[\w.]+)?)*)"
)
# Where bots put their names, the likeliest first. Addresses, which follow a name, are cut out before.
_ADDRESS = re.compile(r"(?:https?:/?/?|www\.)[^\s;),]*", re.IGNORECASE)
_NAMES = (
    re.compile(r"compatible; ?([A-Za-z][^/;)+]*)"),
    re.compile(
        r"([\w.!'-]{0,30}(?:bot|crawler|spider|slurp|fetcher|externalhit|preview|monitor|scan)[\w-]*)", re.IGNORECASE
    ),
    re.compile(r"^(?!mozilla/)([A-Za-z][^/;(+\[]*)", re.IGNORECASE),
    re.compile(
        r"^.*\b(?!Mozilla|AppleWebKit|Chrom|Safari|Version|Mobile|Gecko|Firefox|Edg|OPR)([A-Za-z][\w.-]{0,40})/[\d.]"
    ),
    re.compile(r"\b(HeadlessChrome)\b|^Mozilla/\S+ (?:\([^)]*\) )?.*? ([A-Za-z][\w.-]{0,40})$"),
)
_LITERAL = re.compile(r"[\w ./-]+")


def image_proxy(lower: str) -> str:
    """Return the slug of an image proxy that belongs to no platform, or an empty string. `lower` is in lower case."""
    return _proxies().find(lower) or ""


def is_bot(string: str) -> bool:
    """Whether an agent is a bot by its own words. The caller has ruled out image proxies."""
    if _ORDINARY.fullmatch(string):
        return False
    lower = string[:MAX_SEARCHED].lower()
    if not lower.strip() or _bots().search(lower):
        return True
    return not _apps().search(lower) and _is_listed(lower)


def bot_name(string: str) -> str:
    """Return what a bot calls itself, or an empty string if it gives no name."""
    bare = _ADDRESS.sub("", string[:MAX_SEARCHED])
    for pattern in _NAMES:
        match = pattern.search(bare)
        if match and not (match[1] or "").startswith("MSIE"):
            return (match[match.lastindex or 1] or "").strip()
    return ""


@lru_cache(REMEMBERED)
def has_inconsistent_headers(accept: bytes, fetch_dest: bytes = b"", fetch_mode: bytes = b"") -> bool:
    """Whether a request has headers that no browser sends to show an image.

    An empty value means that the header was not sent. That alone proves nothing: old browsers and mail programs send
    few. `fetch_dest` and `fetch_mode` are Sec-Fetch-Dest and -Mode (W3C, Fetch Metadata). If a service worker passes
    an image on, they are `empty` and `no-cors` (whatwg/fetch 717); nobody else sends that without a purpose header.
    Browsers accept `image/…` or `*/*` for an image (MDN, List of default Accept values). `text/html` without any image
    type, and `application/signed-exchange`, belong to requests for pages: the headers were made for a page or copied
    from one.
    """
    if fetch_dest and fetch_dest != b"image" and not (fetch_dest == b"empty" and fetch_mode == b"no-cors"):
        return True
    wanted = accept.lower()
    if not wanted.strip():
        return False
    if b"image/" in wanted:
        return b"application/signed-exchange" in wanted
    return b"text/html" in wanted or b"*" not in wanted.replace(b"text/*", b"").replace(b"application/*", b"")


@cache
def _proxies() -> Names:
    return Names(tables()["proxy"], "slug")


@cache
def _bots() -> re.Pattern[str]:
    return any_of(tables()["bot"])


@cache
def _apps() -> re.Pattern[str]:
    return any_of(tables()["app"])


@cache
def _list() -> tuple[tuple[str, ...], "regex.Pattern[str]", "regex.Pattern[str]"]:
    """Return the list of is-bot, for strings in lower case: plain words, patterns at the start, patterns anywhere.

    As one pattern, as is-bot has it, it takes 650 µs for a reader; in these three parts, 120.
    """
    patterns = sorted(Bots().patterns)
    words = tuple(pattern for pattern in patterns if _LITERAL.fullmatch(pattern) and "." not in pattern)
    starts = [pattern for pattern in patterns if pattern.startswith("^")]
    rest = [pattern for pattern in patterns if pattern not in words and pattern not in starts]
    return words, regex.compile("|".join(starts)), regex.compile("|".join(rest))


def _is_listed(lower: str) -> bool:
    words, starts, rest = _list()
    return any(word in lower for word in words) or bool(starts.match(lower)) or bool(rest.search(lower))
