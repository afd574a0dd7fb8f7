"""Numbers as text, in the language of the page or in another one.

`dashboard.formatting` hands them on to pages, beside days and names. Badges need numbers alone.

All texts are cached: a page writes about 700 numbers, and asking Django for the active language (4 µs) takes longer
than finding a cached number. Callers that write many numbers call `active()` once and pass the language on.
"""

from functools import cache, lru_cache
from math import floor
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language, to_locale

SOURCE = "en"  # the language of the code
CACHED_NUMBERS = 65_536
SI_SUFFIXES = {"K": "k", "B": "G"}  # in place of those of CLDR for English


def active() -> str:
    """Return the active language."""
    return get_language() or SOURCE


@cache
def locale_of(language: str) -> Locale:
    """Return the locale of a language; that of English if there is none."""
    try:
        return Locale.parse("en_GB" if language == SOURCE else to_locale(language))
    except (UnknownLocaleError, ValueError):
        return locale_of(SOURCE)


def short(number: int, language: str = "") -> str:
    """Write a number in short, rounded to a tenth below 100, half up: 12.3k, 1,2 Mio., 1.2万, 3M.

    Wherever it is shown, the exact number is in a tooltip and in hidden text for screen readers.
    """
    return _short(language or active(), number)


@lru_cache(CACHED_NUMBERS)
def _short(language: str, number: int) -> str:
    if number < 0:
        return f"-{_short(language, -number)}"
    scales = _scales(language)
    digits = len(str(number))
    scale = scales[min(digits, len(scales)) - 1]
    if not scale.suffix:
        return _exact(language, number)
    tenths = _tenths(number, scale.divisor)
    if tenths * scale.divisor == 10 ** (digits + 1) and digits < len(scales):  # rounded up to one digit more
        scale = scales[digits]
        tenths = _tenths(number, scale.divisor)
    whole, tenth = divmod(tenths, 10)
    decimals = f"{_symbol(language, 'decimal')}{tenth}" if tenth else ""
    return f"{_exact(language, whole)}{decimals}{scale.suffix}"


class Scale(NamedTuple):
    """How numbers of one length are shortened. `suffix` is empty where they are written exactly."""

    divisor: int
    suffix: str


def _tenths(number: int, divisor: int) -> int:
    """Return the number in tenths of `divisor`, rounded half up; from 100 on, rounded to whole ones."""
    tenths = (number * 10 + divisor // 2) // divisor
    return tenths if tenths < 1000 else (number + divisor // 2) // divisor * 10


@cache
def _scales(language: str) -> list[Scale]:
    """Return the scales for numbers of one digit, two digits, three …"""
    patterns = locale_of(language).compact_decimal_formats["short"]["other"]
    scales = [Scale(1, "")] * 3  # CLDR starts at a thousand
    while pattern := patterns.get(str(10 ** len(scales))):
        text = pattern.pattern.replace("'", "")
        suffix = text.lstrip("0")
        if language == SOURCE:
            suffix = SI_SUFFIXES.get(suffix, suffix)
        scales.append(Scale(10 ** (len(scales) + 1 - text.count("0")), suffix))
    return scales


def exact(number: int, language: str = "") -> str:
    """Write a whole number with its digits in groups."""
    return _exact(language or active(), number)


@lru_cache(CACHED_NUMBERS)
def _exact(language: str, number: int) -> str:
    if language == "es" and abs(number) < 10_000:
        return str(number)  # CLDR groups numbers from five digits on, which Babel does not implement
    return f"{number:,}".replace(",", _symbol(language, "group"))


@cache
def _symbol(language: str, name: str) -> str:
    return str(locale_of(language).number_symbols["latn"][name])


def percent(share: float, language: str = "") -> str:
    """Write a share of 1 in percent, rounded half up.

    A share above 0 is at least `<1%`, a share below 1 at most `>99%`: neither looks like none or all of them.
    """
    language = language or active()
    sign, whole = _hundredths(share)
    return f"{sign}{_percent(language, whole)}"


def hundredths(share: float) -> str:
    """Write a share as `percent` does, without the sign: for tables of nothing else."""
    sign, whole = _hundredths(share)
    return f"{sign}{_exact(active(), whole)}"


def _hundredths(share: float) -> tuple[str, int]:
    if 0 < share < 0.01:
        return "<", 1
    if 0.99 < share < 1:
        return ">", 99
    return "", half_up(100 * share)


def half_up(number: float) -> int:
    """Round to a whole number, half up. A half that floating point just misses, as 23 of 40 in percent, is one."""
    return floor(round(number, 9) + 0.5)


@lru_cache(1024)
def _percent(language: str, whole: int) -> str:
    pattern = locale_of(language).percent_formats[None].pattern
    return f"{_exact(language, whole)}{pattern.lstrip('#,0')}"
