"""Hosts and paths as people read them: punycode and percent-encoding decoded, where that is safe.

Only for display: what is stored stays in ASCII. What could hide, pass for something else, or change the order of what
stands around it stays encoded.
"""

import re
import unicodedata
from functools import lru_cache

import idna

REMEMBERED = 4096  # strangers can invent any number
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_PUNYCODE = "xn--"
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"  # first strong isolate, as of the element <bdi>
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # letters, marks and symbols that nobody sees
_SLASHES = frozenset("\u2044\u2215\u2571\u29f8\u29f5\u2f03\u3033")  # look like / or \ (Unicode Technical Standard 39)
_WITH_MEANING = frozenset("/\\?#%@ ")
_MOST_MARKS = 3  # on one letter; more would cover the lines around it
# Scripts of living languages (Unicode Standard Annex 31, table 5), by the first word of their characters' names.
_SCRIPTS = frozenset({
    "ARABIC", "ARMENIAN", "BENGALI", "BOPOMOFO", "CJK", "CYRILLIC", "DEVANAGARI", "ETHIOPIC", "GEORGIAN", "GREEK",
    "GUJARATI", "GURMUKHI", "HANGUL", "HEBREW", "HIRAGANA", "KANNADA", "KATAKANA", "KHMER", "LAO", "LATIN", "MALAYALAM",
    "MYANMAR", "ORIYA", "SINHALA", "TAMIL", "TELUGU", "THAANA", "THAI", "TIBETAN",
})  # fmt: skip
# Scripts that are written together (Unicode Technical Standard 39, highly restrictive).
_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
# Letters that look like Latin ones. A label of these alone could be read as another one in Latin (Chromium,
# Internationalized Domain Names in Google Chrome: whole-script confusables).
_LIKE_LATIN = frozenset("асԁеһіјӏорԗԛѕԝхуъьҽпгѵѡ" + "αικνρυωηοτ" + "հոսցզքօյլ")  # Cyrillic, Greek, Armenian
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyzßæœøðþłđħŋ")  # and with marks; an i without its dot passes for i


@lru_cache(REMEMBERED)
def readable_host(host: str) -> str:
    """Return a host with those labels decoded that are safe; the others stay punycode (RFC 5890)."""
    host = _ascii(host)
    if _PUNYCODE not in host:
        return host
    return ".".join(_isolated(_readable_label(label)) for label in host.split("."))


@lru_cache(REMEMBERED)
def readable_page(label: str) -> str:
    """Return the label of a page with its host decoded, and the parts of its path that are safe."""
    host, slash, path = label.partition("/")
    if "%" not in path and path.isascii():
        return f"{readable_host(host)}{slash}{path}"
    segments = (_isolated(_ESCAPES.sub(_readable_escapes, _ascii(segment))) for segment in path.split("/"))
    return f"{readable_host(host)}{slash}{'/'.join(segments)}"


def _readable_label(label: str) -> str:
    if not label.startswith(_PUNYCODE):
        return label
    try:
        decoded = idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label
    return decoded if _is_unmistakable(decoded) else label


def _is_unmistakable(label: str) -> bool:
    """Whether nobody could take a decoded label for another one."""
    scripts = set()
    for character in unicodedata.normalize("NFC", label):
        if character.isascii():
            if character.isalpha():
                scripts.add("LATIN")
            continue
        script = re.split(r"[ -]", unicodedata.name(character, ""))[0]
        if script not in _SCRIPTS or (script == "LATIN" and unicodedata.normalize("NFD", character)[0] not in _LATIN):
            return False
        scripts.add(script)
    if not set(label) - _LIKE_LATIN - set("0123456789-"):
        return False
    return len(scripts) == 1 or any(scripts <= together for together in _TOGETHER)


def _readable_escapes(escapes: re.Match[str]) -> str:
    """Decode a run of escapes as UTF-8, character by character. What is not UTF-8, or not safe, stays as it is."""
    shown: list[str] = []
    marks = _MOST_MARKS  # a mark needs a letter before it
    for character in bytes.fromhex(escapes[0].replace("%", "")).decode("utf-8", "surrogateescape"):
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if _is_safe(character) and marks <= _MOST_MARKS:
            shown.append(character)
        else:
            shown.append(_escaped(character))
            marks = _MOST_MARKS
    return "".join(shown)


def _is_safe(character: str) -> bool:
    """Whether a character of a path can be shown: people see it, and it does not look like one that has a meaning in an
    address.
    """
    if character.isascii():
        return character.isalnum() or character in "-._~"
    if unicodedata.category(character)[0] in "CZ" or character in _BLANK or character in _SLASHES:
        return False
    name = unicodedata.name(character, "")  # Python has none for some letters, such as Tangut ones
    if "VARIATION SELECTOR" in name or "JOINER" in name:  # they only choose a form of the character before them
        return False
    return not _WITH_MEANING & set(unicodedata.normalize("NFKC", character))


def _escaped(character: str) -> str:
    """Return a character as escapes of its UTF-8. A surrogate stands for a single byte (`surrogateescape`)."""
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))


def _ascii(text: str) -> str:
    """Return a text that was sent without escapes, which browsers don't do, with them."""
    return "".join(
        character if character.isascii() and character.isprintable() else _escaped(character) for character in text
    )


def _isolated(text: str) -> str:
    """Return a text that can't change the order of what stands around it."""
    if text.isascii() or not any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return text
    return f"{_ISOLATE}{text}{_END_OF_ISOLATE}"
