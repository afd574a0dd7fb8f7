"""Numbers, days, hours, names and lists as text, in the language of the page.

Names, numbers and days are those of CLDR, by Babel; English is British. All texts but lists are cached: a page writes
about 700 numbers, and asking Django for the active language (4 µs) takes longer than finding a cached number. Callers
that write many numbers call `active()` once and pass the language on.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache, lru_cache
from math import floor
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_interval, match_skeleton
from babel.lists import format_list
from babel.units import format_unit
from django.utils.translation import get_language, gettext, gettext_noop, pgettext, to_locale

UNKNOWN = gettext_noop("unknown")
DASH = "\N{EN DASH}"
UNSEEN = DASH  # in place of a number that we can't know
SOURCE = "en"  # the language of the code
CACHED_NUMBERS = 65_536
SI_SUFFIXES = {"K": "k", "B": "G"}  # in place of those of CLDR for English

SYSTEM_NAMES = {
    "linux": "Linux", "macos": "macOS", "windows": "Windows", "freebsd": "FreeBSD", "openbsd": "OpenBSD",
    "netbsd": "NetBSD", "android": "Android", "ios": "iOS",
}  # fmt: skip
# Short names of CLDR, which Babel leaves out. The long names of these countries are official ones.
SHORT_COUNTRIES = {
    "en": {"HK": "Hong Kong", "MM": "Myanmar", "MO": "Macao", "PS": "Palestine"},
    "de": {"HK": "Hongkong", "MO": "Macau", "PS": "Palästina"},
    "es": {"HK": "Hong Kong", "MM": "Myanmar", "MO": "Macao", "PS": "Palestina"},
    "fr": {"HK": "Hong Kong", "MM": "Myanmar", "MO": "Macao", "PS": "Palestine"},
    "ja": {"HK": "香港", "MM": "ミャンマー", "MO": "マカオ", "PS": "パレスチナ"},
    "zh-hans": {"HK": "香港", "MO": "澳门", "PS": "巴勒斯坦"},
}
DEVICES = {
    "desktop": gettext_noop("Desktop"),
    "phone": gettext_noop("Phone"),
    "tablet": gettext_noop("Tablet"),
    "tv": gettext_noop("TV"),
    "console": gettext_noop("Console"),
    "wearable": gettext_noop("Wearable"),
    "other": gettext_noop("Other"),
}
WORDS = {"(other)": gettext_noop("(other)")}  # a value of ours among names that are not translated
SKELETONS = {"j M": "MMMd", "j M Y": "yMMMd", "D j M Y": "yMMMEd", "M Y": "yMMM", "F Y": "yMMMM"}


def active() -> str:
    """Return the active language."""
    return get_language() or SOURCE


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse("en_GB" if language == SOURCE else to_locale(language))
    except (UnknownLocaleError, ValueError):
        return _locale(SOURCE)


# Names


def country(code: str) -> str:
    """Return the usual name of a country, or the code itself if it has none."""
    return _country(active(), code)


@lru_cache(4096)
def _country(language: str, code: str) -> str:
    if code == "ZZ":  # CLDR calls it unknown, but unknown countries have a row of their own
        return code
    return SHORT_COUNTRIES.get(language, {}).get(code) or _locale(language).territories.get(code, code)


def language(code: str) -> str:
    """Return the name of a language with a capital, or the code itself if it has none.

    `code` may have a region, such as `zh-TW`.
    """
    return _language(active(), code)


@lru_cache(4096)
def _language(language: str, code: str) -> str:
    try:
        locale = Locale.parse(get_global("language_aliases").get(code, code), sep="-")
        name = locale.get_display_name(_locale(language))
    except (UnknownLocaleError, ValueError):
        name = _locale(language).languages.get(code)  # CLDR has names of more languages than it has locales
    return capital(name) if name else code


def unknown() -> str:
    """Return the word for a value that a hit does not have."""
    return gettext(UNKNOWN)


def device(value: str) -> str:
    """Return the name of a class of devices."""
    return gettext(DEVICES[value]) if value in DEVICES else capital(value)


def system(value: str) -> str:
    """Return the name of an operating system that programs report."""
    return SYSTEM_NAMES.get(value, value)


def capital(value: str) -> str:
    """Return the value with a capital."""
    return value[:1].upper() + value[1:]


def verbatim(value: str) -> str:
    """Return the value itself, for names that are not translated. Only `(other)` is."""
    return gettext(WORDS[value]) if value in WORDS else value


# Numbers


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
    patterns = _locale(language).compact_decimal_formats["short"]["other"]
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
    return str(_locale(language).number_symbols["latn"][name])


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
    pattern = _locale(language).percent_formats[None].pattern
    return f"{_exact(language, whole)}{pattern.lstrip('#,0')}"


# Days and hours


def day(value: date, form: str) -> str:
    """Write a day by one of CLDR's skeletons, which name its parts in no order: MMMd, yMMMd, yMMMEd, yMMM.

    `form` may also be one of Django's formats in `SKELETONS`.
    """
    return _day(active(), value, SKELETONS.get(form, form))


@lru_cache(4096)
def _day(language: str, value: date, skeleton: str) -> str:
    locale = _locale(language)
    patterns = locale.datetime_skeletons
    # Babel would match it as well, but would not let us remove the comma after an English weekday.
    pattern = patterns[skeleton if skeleton in patterns else match_skeleton(skeleton, patterns)].pattern
    return format_date(value, pattern.replace(",", "") if language == SOURCE else pattern, locale)


def days(first: date, last: date) -> str:
    """Write a range of days, both included: `24 Oct - 22 Nov 2026` with a dash, or a single day."""
    return day(first, "yMMMd") if first == last else _days(active(), first, last)


@lru_cache(1024)
def _days(language: str, first: date, last: date) -> str:
    # CLDR puts thin spaces around the dash; our other dashes have none
    return format_interval(first, last, "yMMMd", locale=_locale(language)).replace("\N{THIN SPACE}", " ")


def hour(value: str) -> str:
    """Write an hour of the day, such as `09:00`. All our languages use a 24-hour clock."""
    return f"{value}:00"


def duration(seconds: float, language: str = "") -> str:
    """Write a time that is only roughly known: `45 secs`, `3 mins 20 secs`, `25 mins`."""
    return _duration(language or active(), round(seconds))


@lru_cache(4096)
def _duration(language: str, seconds: int) -> str:
    if seconds < 60:
        return _unit(language, seconds, "duration-second")
    minutes, rest = divmod(round(seconds, -1), 60)
    if minutes >= 10 or not rest:
        return _unit(language, round(seconds / 60), "duration-minute")
    return f"{_unit(language, minutes, 'duration-minute')} {_unit(language, rest, 'duration-second')}"


def durations(shortest: int, longest: int) -> str:
    """Write a range of times, both in seconds: `10-30 secs`, `2-4 mins`, with a dash."""
    language = active()
    if longest <= 60:
        return f"{shortest}{DASH}{_unit(language, longest, 'duration-second')}"
    return f"{shortest // 60}{DASH}{_unit(language, longest // 60, 'duration-minute')}"


def _unit(language: str, number: int, unit: str) -> str:
    return format_unit(number, unit, length="short", locale=_locale(language))


# Lists


def listed(words: Sequence[str]) -> str:
    """Write words as a list: `a`, `a and b`, `a, b and c`."""
    return format_list(list(words), locale=_locale(active()))


def enumerated(words: Iterable[str]) -> str:
    """Write words with commas, or what the language uses between the items of a list."""
    return pgettext("between the items of a list", ", ").join(words)
