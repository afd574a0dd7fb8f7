"""How values and numbers are written on a page, in its language. What we can't know is never written as a number.

Names, numbers and days are those of CLDR, by Babel; English is written as in Britain. All but lists is remembered:
a page writes some 700 numbers, and to ask Django for the active language (4 µs) costs more than to find one again.
Who writes many asks once, for `active()`, and hands it on.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_interval, match_skeleton
from babel.lists import format_list
from django.utils.translation import get_language, gettext, gettext_noop, pgettext, to_locale

UNKNOWN = gettext_noop("unknown")
DASH = "\N{EN DASH}"
UNSEEN = DASH
SOURCE = "en"  # the language of the code
REMEMBERED = 65_536  # numbers
SI_SUFFIXES = {"K": "k", "B": "G"}  # in place of CLDR's own for English

# CLDR's short names, which Babel leaves out, where the long ones are those of treaties.
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
WORDS = {"(other)": gettext_noop("(other)")}  # the one value of ours among names
SKELETONS = {"j M": "MMMd", "j M Y": "yMMMd", "D j M Y": "yMMMEd", "M Y": "yMMM", "F Y": "yMMMM"}


def active() -> str:
    """Return the language that is written in now."""
    return get_language() or SOURCE


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse("en_GB" if language == SOURCE else to_locale(language))
    except (UnknownLocaleError, ValueError):
        return _locale(SOURCE)


# Names


def country(code: str) -> str:
    """Return a country's usual name, or the code itself where it stands for none."""
    return _country(active(), code)


@lru_cache(4096)
def _country(language: str, code: str) -> str:
    if code == "ZZ":  # ISO 3166 keeps it for users; CLDR calls it unknown, which here is another row
        return code
    return SHORT_COUNTRIES.get(language, {}).get(code) or _locale(language).territories.get(code, code)


def language(code: str) -> str:
    """Return a language's name, written as the head of a row; the code itself where it stands for none.

    `code` may have a region, such as `zh-TW`.
    """
    return _language(active(), code)


@lru_cache(4096)
def _language(language: str, code: str) -> str:
    try:
        named = Locale.parse(get_global("language_aliases").get(code, code), sep="-").get_display_name(
            _locale(language)
        )
    except (UnknownLocaleError, ValueError):
        named = _locale(language).languages.get(code)  # a language of which CLDR knows no more than its name
    return capital(named) if named else code


def unknown() -> str:
    """Return the word for what a hit does not tell."""
    return gettext(UNKNOWN)


def device(value: str) -> str:
    """Return what we call a class of devices."""
    return gettext(DEVICES[value]) if value in DEVICES else capital(value)


def capital(value: str) -> str:
    """Return the value with a capital, for words that head a row."""
    return value[:1].upper() + value[1:]


def verbatim(value: str) -> str:
    """Return the value, for names that are their own labels; `(other)` is a word of ours."""
    return gettext(WORDS[value]) if value in WORDS else value


# Numbers


def short(number: int, language: str = "") -> str:
    """Shorten a count as the language does, never rounding up to more than there is: 12.3k, 1,2 Mio., 1.2万."""
    return _short(language or active(), number)


@lru_cache(REMEMBERED)
def _short(language: str, number: int) -> str:
    if number < 0:
        return f"-{_short(language, -number)}"
    scales = _scales(language)
    divisor, suffix = scales[min(len(str(number)), len(scales)) - 1]
    if not suffix:
        return _exact(language, number)
    whole = number // divisor
    if whole >= 100:
        return f"{_exact(language, whole)}{suffix}"
    return f"{whole}{_symbol(language, 'decimal')}{number // (divisor // 10) % 10}{suffix}"


@cache
def _scales(language: str) -> list[tuple[int, str]]:
    """Return by how much numbers of one digit, two, three … are divided, and what then follows; "" for whole ones."""
    patterns = _locale(language).compact_decimal_formats["short"]["other"]
    scales = [(1, "")] * 3  # CLDR begins at a thousand
    while pattern := patterns.get(str(10 ** len(scales))):
        text = pattern.pattern.replace("'", "")
        suffix = text.lstrip("0")
        if language == SOURCE:
            suffix = SI_SUFFIXES.get(suffix, suffix)
        scales.append((10 ** (len(scales) + 1 - text.count("0")), suffix))
    return scales


def exact(number: int, language: str = "") -> str:
    """Write a whole number, its digits in groups."""
    return _exact(language or active(), number)


@lru_cache(REMEMBERED)
def _exact(language: str, number: int) -> str:
    if language == "es" and abs(number) < 10_000:
        return str(number)  # CLDR groups digits from five on, which Babel does not know
    return f"{number:,}".replace(",", _symbol(language, "group"))


@cache
def _symbol(language: str, name: str) -> str:
    return str(_locale(language).number_symbols["latn"][name])


def percent(share: float, language: str = "") -> str:
    """Write a share of 1 in percent. What is there is never written as 0 %, what is missing never as 100 %."""
    if 0 < share < 0.01:
        return f"<{_percent(language or active(), '1')}"
    if 0.99 < share < 1:
        return f">{_percent(language or active(), '99')}"
    return _percent(language or active(), f"{share:.0%}"[:-1])


@lru_cache(1024)
def _percent(language: str, hundredths: str) -> str:
    pattern = _locale(language).percent_formats[None].pattern
    return f"{_exact(language, int(hundredths))}{pattern.lstrip('#,0')}"


# Days and hours


def day(value: date, form: str) -> str:
    """Write a day by one of CLDR's skeletons, which name what is to be seen, in no order: MMMd, yMMMd, yMMMEd, yMMM.

    Django's formats in `SKELETONS` stand for them too.
    """
    return _day(active(), value, SKELETONS.get(form, form))


@lru_cache(4096)
def _day(language: str, value: date, skeleton: str) -> str:
    locale = _locale(language)
    patterns = locale.datetime_skeletons
    # matched here, for English goes without the comma after a weekday
    pattern = patterns[skeleton if skeleton in patterns else match_skeleton(skeleton, patterns)].pattern
    return format_date(value, pattern.replace(",", "") if language == SOURCE else pattern, locale)


def days(first: date, last: date) -> str:
    """Write a range of days, both included: `24 Oct - 22 Nov 2026` with a dash, or the one day that it is."""
    return day(first, "yMMMd") if first == last else _days(active(), first, last)


@lru_cache(1024)
def _days(language: str, first: date, last: date) -> str:
    # CLDR sets thin spaces around the dash, which no other dash of ours has
    return format_interval(first, last, "yMMMd", locale=_locale(language)).replace("\N{THIN SPACE}", " ")


def hour(value: str) -> str:
    """Return an hour of the day as a clock shows it. All our languages know a clock of 24 hours."""
    return f"{value}:00"


# Words


def seen(visits: int, visitors: int) -> int | None:
    """Return the visitors, or None where there were visits but nobody behind them that we could see."""
    return None if visits and not visitors else visitors


def listed(words: Sequence[str]) -> str:
    """Write words as a list: `a`, `a and b`, `a, b and c`."""
    return format_list(list(words), locale=_locale(active()))


def enumerated(words: Iterable[str]) -> str:
    """Write words one after another, with what the language sets between them."""
    return pgettext("between the items of a list", ", ").join(words)
