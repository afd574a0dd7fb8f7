"""Who is no reader: programs by their names, image proxies, and requests that no browser showing an image makes.

Asked in this order: image proxies, our own table of programs, apps that readers read in, and the list of `is-bot`.
`crawler-user-agents` is not used: it finds nothing that these miss, and robots' names are in their strings.
"""

import re
from functools import cache, lru_cache

import regex
from is_bot import Bots

from collector.classify.pattern_tables import Names, any_of, tables

MAX_SEARCHED = 300  # of a string, for a name: all that reads its whole length costs a hostile one's length squared
REMEMBERED = 1024  # distinct headers; strangers may invent any number

# The plain strings of browsers, which need not be compared with every robot, and whose devices may be called Newsday or
# Discovery: 5 µs in place of 150. A robot's own name does not fit, nor a browser that claims more of macOS than 10.
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
# Where robots put their names, the likeliest place first; addresses, which come after a name, are cut out before.
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
    """Return the slug of the image proxy outside the catalogue that a string in lower case names, or an empty one."""
    return _proxies().find(lower) or ""


def is_bot(string: str) -> bool:
    """Whether a string that is no image proxy's names itself a program that is no reader."""
    if _ORDINARY.fullmatch(string):
        return False
    lower = string[:MAX_SEARCHED].lower()
    if not lower.strip() or _robots().search(lower):
        return True
    return not _apps().search(lower) and _is_listed(lower)


def bot_name(string: str) -> str:
    """Return what a program that is no reader calls itself, an empty string where it gives no name."""
    bare = _ADDRESS.sub("", string[:MAX_SEARCHED])
    for pattern in _NAMES:
        match = pattern.search(bare)
        if match and not (match[1] or "").startswith("MSIE"):
            return (match[match.lastindex or 1] or "").strip()
    return ""


@lru_cache(REMEMBERED)
def request_gives_away(accept: bytes, fetch_dest: bytes = b"", fetch_mode: bytes = b"") -> bool:
    """Whether a request with these headers was made by no reader's browser that shows an image.

    Empty is what was not sent: that alone proves nothing, for old browsers and mail programs send little. `fetch_dest`
    and `fetch_mode` are Sec-Fetch-Dest and -Mode (W3C, Fetch Metadata). A service worker that passes an image on makes
    it a request for `empty`, still `no-cors` (whatwg/fetch 717); nobody else makes such a one without a purpose header.
    A browser asks for images as `image/…` or `*/*` (MDN, List of default Accept values); `text/html` without any image
    and `application/signed-exchange` are of requests for pages, which are made for pages, or copied from one.
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
def _robots() -> re.Pattern[str]:
    return any_of(tables()["bot"])


@cache
def _apps() -> re.Pattern[str]:
    return any_of(tables()["app"])


@cache
def _list() -> tuple[tuple[str, ...], "regex.Pattern[str]", "regex.Pattern[str]"]:
    """Return the list of is-bot: plain words, patterns at the start, patterns anywhere, for strings in lower case.

    As one pattern, as it comes, it takes 650 µs a reader; apart, 120.
    """
    patterns = sorted(Bots().patterns)
    words = tuple(pattern for pattern in patterns if _LITERAL.fullmatch(pattern) and "." not in pattern)
    starts = [pattern for pattern in patterns if pattern.startswith("^")]
    rest = [pattern for pattern in patterns if pattern not in words and pattern not in starts]
    return words, regex.compile("|".join(starts)), regex.compile("|".join(rest))


def _is_listed(lower: str) -> bool:
    words, starts, rest = _list()
    return any(word in lower for word in words) or bool(starts.match(lower)) or bool(rest.search(lower))
