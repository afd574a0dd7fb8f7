"""What the path of a pixel request names: a pixel, the platform that it was pasted on, and start or end.

Editors, Markdown renderers, mail programs and proxies mangle addresses. A mangled one is read like the right one if its
meaning is clear:

- Upper case, doubled slashes, backslashes, `.` segments, characters that nobody sees, and escapes in escapes (`%2520`).
- A whole URL in place of a path (RFC 9112, 3.2.2).
- Anything after `.gif` that is not a letter or digit of a longer ending: quotes, brackets, blanks, `&…`, `?…`, `/…`.
- Punctuation around the token or the placement, as of a template's `{token}`.

The path in PUBLIC_URL may stand before all of that.

That attributes no hit wrongly: a token has 100 random bits, so no other text reads like a live one by chance. Not clear
are a token that is cut short or has other characters in it, a path before `/p/`, and another ending than `.gif` or
none: nobody was ever given such an address, and a platform that changes the format of images serves its own copies.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from collector.classify.platforms import OTHER, PLACEMENT_FORM
from collector.intake.prefix import prefix

PREFIX = "/p/"
CACHE_SIZE = 4096  # paths
MAX_PATH = 512  # characters of a mangled path that are read; what follows `.gif` may be any length
_PLAIN = re.compile(rf"/p/(?P<token>[a-z0-9]{{16,40}})(?:/(?P<placement>{PLACEMENT_FORM.pattern}))?(?P<end>/end)?\.gif")
_HOST = re.compile(r"https?:/+[^/]*", re.IGNORECASE)
_BEGINNING = re.compile(r"[^a-z0-9]*p(?P<gap>[^a-z0-9]+)(?P<token>[a-z0-9]{16,40})(?![a-z0-9])[^a-z0-9/.]*")
# The placement may be any text, because an author's typo must not lose the hit. An author may also add it, or `end`,
# to an address that ends with `.gif` already.
_REST = re.compile(
    rf"(?:\.gif/(?P<added>{PLACEMENT_FORM.pattern})|/(?P<placement>[^/]*?)|)"
    r"(?P<end>(?:\.gif)?/[^a-z0-9/]*end[^a-z0-9/.]*)?"
    r"\.gif(?![a-z0-9])"
)
_MEANT = {
    # Nobody sees controls, soft hyphens, zero-width spaces and joiners, directions, and byte-order marks.
    **dict.fromkeys([*range(0x20), 0x7F, 0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x2028, 0x202F)], "\0"),
    **dict.fromkeys([*range(0x2060, 0x2070), 0xFEFF], "\0"),
    # Keyboards for Chinese and Japanese type wide letters, and another full stop.
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    ord("。"): ".",
    # Editors with typography make dashes of hyphens, and Turkish rules for letters change an i.
    **dict.fromkeys([*range(0x2010, 0x2016), 0x2212], "-"),
    **dict.fromkeys([0x130, 0x131], "i"),
    ord("\\"): "/",
}
_UNSEEN = re.compile(r"(?<!\.gif)\0+")  # after the ending they part it from what follows
_SLASHES = re.compile(r"/(?:\.?/)+")


class Target(msgspec.Struct, frozen=True):
    """What the path of a pixel request names."""

    token: str
    placement: str
    is_end: bool


def without_host(target: str) -> str:
    """Return the path of a request's target that may be a whole URL."""
    return (_HOST.sub("", target, count=1) or "/") if target[:4].lower() == "http" else target


@lru_cache(CACHE_SIZE)
def target_of(path: str) -> Target | None:
    """Return what a path names, or None if it is not the path of a pixel. `path` is decoded once."""
    match = _PLAIN.fullmatch(path)
    if match is not None:
        return _target(match["token"], match["placement"] or "", is_end=match["end"] is not None)
    return _mangled_target(cleaned_path(path[:MAX_PATH]))


def cleaned_path(path: str) -> str:
    """Return a path as it was meant, in lower case, with simple slashes and without invisible characters."""
    text = path
    for _ in range(2):  # escaped again by a proxy, and by the next one
        if "%" not in text:
            break
        text = unquote(text)
    text = _UNSEEN.sub("", text.translate(_MEANT).lower())
    text = _SLASHES.sub("/", without_host(text))
    if before := prefix().lower():
        text = re.sub(rf"\A[^a-z0-9]*{re.escape(before[1:])}(?=/)", "", text)
    return text


def beginning_of(text: str) -> re.Match[str] | None:
    """Return where the token of a cleaned path is; None if it has none."""
    match = _BEGINNING.match(text)
    return match if match and "/" in match["gap"] and ".." not in match["gap"] else None


def placement_of(written: str) -> str:
    """Return the placement that a part of a mangled path means."""
    placement = _without_punctuation(written)
    if placement and PLACEMENT_FORM.fullmatch(placement):
        return placement
    return OTHER if written.strip() else ""


def _mangled_target(text: str) -> Target | None:
    beginning = beginning_of(text)
    rest = _REST.match(text, beginning.end()) if beginning else None
    if beginning is None or rest is None:
        return None
    placement = placement_of(rest["added"] or rest["placement"] or "")
    return _target(beginning["token"], placement, is_end=rest["end"] is not None)


def _target(token: str, placement: str, *, is_end: bool) -> Target:
    if placement == "end" and not is_end:  # /p/<token>/end.gif: the end of an article without placements
        placement, is_end = "", True
    return Target(token, placement, is_end)


def _without_punctuation(text: str) -> str:
    """Return a text from its first to its last letter or digit."""
    start, end = 0, len(text)
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return text[start:end]
