"""Numbers, days, hours, names and lists as text, in the language of the page.

Names, numbers and days are those of CLDR, by Babel; English is British. All texts but lists are cached. Numbers are
written by `collector.numbers`.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_interval, match_skeleton
from babel.lists import format_list
from babel.units import format_unit
from django.utils.translation import gettext, gettext_noop, pgettext

from collector.numbers import SOURCE, locale_of
from collector.numbers import active as active
from collector.numbers import exact as exact
from collector.numbers import half_up as half_up
from collector.numbers import hundredths as hundredths
from collector.numbers import percent as percent
from collector.numbers import short as short

UNKNOWN = gettext_noop("unknown")
DASH = "\N{EN DASH}"
UNSEEN = DASH  # in place of a number that we can't know

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


# Names


def country(code: str) -> str:
    """Return the usual name of a country, or the code itself if it has none."""
    return _country(active(), code)


@lru_cache(4096)
def _country(language: str, code: str) -> str:
    if code == "ZZ":  # CLDR calls it unknown, but unknown countries have a row of their own
        return code
    return SHORT_COUNTRIES.get(language, {}).get(code) or locale_of(language).territories.get(code, code)


def language(code: str) -> str:
    """Return the name of a language with a capital, or the code itself if it has none.

    `code` may have a region, such as `zh-TW`.
    """
    return _language(active(), code)


@lru_cache(4096)
def _language(language: str, code: str) -> str:
    try:
        locale = Locale.parse(get_global("language_aliases").get(code, code), sep="-")
        name = locale.get_display_name(locale_of(language))
    except (UnknownLocaleError, ValueError):
        name = locale_of(language).languages.get(code)  # CLDR has names of more languages than it has locales
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


# Days and hours


def day(value: date, form: str) -> str:
    """Write a day by one of CLDR's skeletons, which name its parts in no order: MMMd, yMMMd, yMMMEd, yMMM.

    `form` may also be one of Django's formats in `SKELETONS`.
    """
    return _day(active(), value, SKELETONS.get(form, form))


@lru_cache(4096)
def _day(language: str, value: date, skeleton: str) -> str:
    locale = locale_of(language)
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
    return format_interval(first, last, "yMMMd", locale=locale_of(language)).replace("\N{THIN SPACE}", " ")


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
    return format_unit(number, unit, length="short", locale=locale_of(language))


# Lists


def listed(words: Sequence[str]) -> str:
    """Write words as a list: `a`, `a and b`, `a, b and c`."""
    return format_list(list(words), locale=locale_of(active()))


def enumerated(words: Iterable[str]) -> str:
    """Write words with commas, or what the language uses between the items of a list."""
    return pgettext("between the items of a list", ", ").join(words)
