"""Tell readers, bots and image proxies apart by their user agents, and requests with inconsistent browser headers.

The order of judgement. What speaks first, wins; all but the last are tables of `catalogues/agents.toml`:

1. a plain browser's string, which names nothing else (`devices.plain_device`): a reader
2. image proxies, of our platforms and others (`proxy`): neither reader nor bot
3. bots by their own names (`bot`)
4. readers' programs that look like bots (`program`): desktop feed readers leave an address, apps name their library
5. signs of a bot: an address to complain to (`address`); a word such as crawler at the end of a name (`word`)
6. apps by name (`app`), and what only readers' devices send, whatever their app is called (`reader`)
7. the list of `is-bot`: only programs, and desktop browsers with a name that nobody above knows, come this far

Tables match whole tokens. The list of `is-bot` matches inside words (`news`, `scan`, `http`), and so it comes last.
Words and the list are not searched where a name is the owner's: the model of an Android device, and the comment of
Internet Explorer, in which companies put theirs.

`crawler-user-agents` is not used: it finds no bot that these miss, and the names of bots are in their strings.
"""

import re
from functools import cache, lru_cache

import regex
from is_bot import Bots

from collector.classify.devices import plain_device
from collector.classify.pattern_tables import Names, Patterns, patterns_of, tables
from collector.classify.platforms import catalogue

MAX_SEARCHED = 512  # characters: a bot's name stands further in front
MAX_NAMED = 300  # characters, for a name: with a hostile string, some patterns take its length squared
REMEMBERED = 1024  # distinct headers: strangers can invent any number

# A device's own name: the field after the version of Android, that field again in Meta's apps (`Android (34/14; …)`,
# `FBDV/…`), and Cubot, whose phones write their maker anywhere. Bots have put a product or an address there.
_MODEL = re.compile(
    r"A(?:(?P<version>(?:ndroid|dr)[ /-]?[\d._]+(?:; ?[A-Za-z]{2}[-_][A-Za-z]{2,4})?; ?)"
    r"(?![^;()]*(?:https?:|compatible|bot/))(?:[^;()]++|\([^()]*\))+|(?P<app>ndroid \()[^()]*)"
)
_META_MODEL = re.compile(r"(?<=\bFBDV/)[^;\]]*")
_CUBOT = re.compile(r"\bcubot(?=\b|_)", re.IGNORECASE)
_COMMENT = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
_LOOKAROUND = re.compile(r"\(\?<?[!=](?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
_PLAIN_COMMENT = "(compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)"
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


@cache
def _proxies() -> Names:
    platforms = [
        {"pattern": rf"\b{re.escape(part)}", "slug": platform.slug}
        for platform in catalogue().values()
        for part in platform.proxies
    ]
    return Names(platforms + tables()["proxy"], "slug")


def proxy_platform(string: str) -> str:
    """Return the slug of the platform that uses this image proxy, or an empty string for any other agent.

    A proxy that belongs to no platform of the catalogue has a slug of its own in `catalogues/agents.toml`.
    """
    return "" if plain_device(string) else proxy_of(string.lower())


def proxy_of(lower: str) -> str:
    """Return the same of a string in lower case that is not a plain browser's."""
    return _proxies().find(lower) or ""


def is_bot(string: str) -> bool:
    """Whether an agent is a bot by its own words. The caller has ruled out image proxies."""
    if plain_device(string):
        return False
    lower = string.lower()
    return names_bot(lower, without_device_name(string, lower))


def names_bot(lower: str, bare: str) -> bool:
    """Return the same of a string in lower case that is not a plain browser's, and of it without a device's name."""
    lower = lower[:MAX_SEARCHED]
    if not lower.strip() or patterns_of("bot").match(lower):
        return True
    if patterns_of("program").match(lower):
        return False
    bare = _without_comment_of_ie(bare[:MAX_SEARCHED]).lower()
    if patterns_of("address").match(lower) or patterns_of("word").match(bare):
        return True
    if patterns_of("app").match(lower) or patterns_of("reader").match(lower):
        return False
    return _is_listed(bare)


def is_known_reader(lower: str) -> bool:
    """Whether one of our tables knows an agent as a reader's. ua-parser may still take it for a spider."""
    lower = lower[:MAX_SEARCHED]
    return any(patterns_of(table).match(lower) for table in ("program", "app", "reader"))


def bot_name(string: str) -> str:
    """Return what a bot calls itself, or an empty string if it gives no name."""
    bare = _ADDRESS.sub("", string[:MAX_NAMED])
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


def without_device_name(string: str, lower: str) -> str:
    """Return a string without the model of an Android device, which its maker has chosen. `lower` is in lower case."""
    if "Android" in string or "Adr " in string:
        string = _MODEL.sub(_without_model, string)
    if "FBDV/" in string:
        string = _META_MODEL.sub("device", string)
    return _CUBOT.sub("device", string) if "cubot" in lower else string


def _without_model(match: re.Match[str]) -> str:
    return f"A{match['version'] or match['app']}device"


def without_given_names(string: str, lower: str) -> str:
    """Return a string without what a maker or an owner has named: a device, or Internet Explorer's comment."""
    return _without_comment_of_ie(without_device_name(string, lower))


def _without_comment_of_ie(string: str) -> str:
    return _COMMENT.sub(_PLAIN_COMMENT, string, count=1) if "MSIE " in string or "Trident/" in string else string


@cache
def _list() -> tuple[Patterns, Patterns, "regex.Pattern[str]"]:
    """Return the list of is-bot, for strings in lower case, in three parts.

    Patterns without lookaround; the few others, which match more often than they should when it is left out; and these
    in whole. As one pattern, as is-bot has it, it takes 650 µs for a reader; so, 5.
    """
    patterns = sorted(Bots().patterns)
    around = [pattern for pattern in patterns if _LOOKAROUND.search(pattern)]
    plain = Patterns(pattern for pattern in patterns if pattern not in around)
    return plain, Patterns(_LOOKAROUND.sub("", pattern) for pattern in around), regex.compile("|".join(around))


def _is_listed(lower: str) -> bool:
    plain, candidates, around = _list()
    return plain.match(lower) or (candidates.match(lower) and around.search(lower) is not None)
