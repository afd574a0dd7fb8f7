"""Which time zone people mean by what they type: a name, a city, a country or an abbreviation, in their language.

Names come from the IANA time zone database, cities and countries from CLDR (through Babel), what else people say from
`catalogues/time_zones.tsv`.
"""

import re
import unicodedata
import zoneinfo
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.core import get_global

MAX_SUGGESTIONS = 5
MAX_TYPED = 60  # characters that are looked at
SHORTEST_TYPED = 3  # letters, for zones to be found by a part of a word
OFFSET = re.compile(r"(?:utc|gmt)? ?([+\-−]) ?([0-9]{1,2})(?::?([0-9]{2}))?", re.IGNORECASE)  # noqa: RUF001
# The first parts of names whose last part is a city. US/Eastern or Brazil/East, which are former names, have none.
REGIONS = frozenset(
    ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
)
_CATALOGUE = Path(__file__).with_name("catalogues") / "time_zones.tsv"


@cache
def available_time_zones() -> frozenset[str]:
    """Return every name in this system's database. Python opens some 600 files for it, so this remembers them."""
    return frozenset(zoneinfo.available_timezones() - {"Factory", "localtime"})


@cache
def time_zone_names() -> list[str]:
    """Return the names to offer, in order: each zone once, by its present name, without those of offsets."""
    names = available_time_zones() - set(get_global("zone_aliases"))
    return sorted({name for name in names if "/" in name and not name.startswith("Etc/")} | {"UTC"})


def find_time_zone(typed: str, language: str = "en") -> str | None:
    """Return the name of the only time zone that `typed` can mean, or None if there is none or more than one.

    `language` is a language code of Django, in which cities and countries may be written; English ones are always
    understood. A former name such as Asia/Calcutta becomes the present one.
    """
    typed = typed.strip()[:MAX_TYPED]
    if typed in available_time_zones() and "/" in typed:
        return _present_name(typed)
    zones = () if is_offset(typed) else _meant(typed, language)
    return next(iter(zones)) if len(zones) == 1 else None


def suggest_time_zones(typed: str, language: str = "en") -> list[str]:
    """Return time zones that `typed` may mean, at most `MAX_SUGGESTIONS`, the likeliest first."""
    typed = typed.strip()[:MAX_TYPED]
    if match := OFFSET.fullmatch(typed):
        return _zones_with_offset(match)[:MAX_SUGGESTIONS]
    zones = list(_meant(typed, language))
    words = _plain(typed)
    if not zones and len(words) >= SHORTEST_TYPED:
        index = _index(language)
        beginning = [phrase for phrase in index if phrase.startswith(words)]
        similar = beginning or get_close_matches(words, index, n=MAX_SUGGESTIONS, cutoff=0.75)
        zones = list(dict.fromkeys(zone for phrase in similar for zone in index[phrase]))
    return zones[:MAX_SUGGESTIONS]


def is_offset(typed: str) -> bool:
    """Whether `typed` is a difference from UTC, such as UTC+2, and not a time zone."""
    return OFFSET.fullmatch(typed.strip()) is not None


def _meant(typed: str, language: str) -> Collection[str]:
    """Return the zones that `typed` names, in its whole, before its first comma, or as a part of a name."""
    index = _index(language)
    for text in (typed, typed.partition(",")[0]):
        if zones := index.get(_plain(text)):
            return zones
    words = _plain(typed)
    if len(words) < SHORTEST_TYPED:
        return ()
    within = [zones for phrase, zones in index.items() if f" {words} " in f" {phrase} "]
    return list(dict.fromkeys(zone for zones in within for zone in zones))


@cache
def _index(language: str) -> dict[str, tuple[str, ...]]:
    """Return the zones by each phrase that means them. The first source that knows a phrase decides."""
    index: dict[str, tuple[str, ...]] = {}
    for source in (_catalogue(), _names(), _cities(language), _countries(language)):
        for phrase, zones in source.items():
            index.setdefault(phrase, zones)
    return index


def _catalogue() -> dict[str, tuple[str, ...]]:
    lines = [line for line in _CATALOGUE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    rows = (line.split("\t") for line in lines)
    return {_plain(words): tuple(map(_present_name, zones.split())) for words, zones in rows}


def _names() -> dict[str, tuple[str, ...]]:
    """Return the zones by their whole names, former ones included, and by the last part of these, which is a city."""
    zones_by_phrase: dict[str, list[str]] = defaultdict(list)
    for name in sorted(available_time_zones() | set(get_global("zone_aliases"))):
        zone = _present_name(name)
        if zone not in available_time_zones():
            continue
        region, _slash, city = name.rpartition("/")
        for phrase in {_plain(name), _plain(city)} if region.partition("/")[0] in REGIONS else {_plain(name)}:
            zones_by_phrase[phrase].append(zone)
    return {phrase: tuple(dict.fromkeys(zones)) for phrase, zones in zones_by_phrase.items()}


def _cities(language: str) -> dict[str, tuple[str, ...]]:
    cities: dict[str, tuple[str, ...]] = {}
    for locale in _locales(language):
        for name, words in locale.time_zones.items():
            zone = _present_name(name)
            if "city" in words and zone in available_time_zones():
                cities.setdefault(_plain(words["city"]), (zone,))
    return cities


def _countries(language: str) -> dict[str, tuple[str, ...]]:
    zones_of: dict[str, list[str]] = defaultdict(list)
    for zone, territory in get_global("zone_territories").items():
        if zone in available_time_zones():
            zones_of[territory].append(zone)
    countries: dict[str, tuple[str, ...]] = {}
    for locale in _locales(language):
        for territory, zones in zones_of.items():
            if territory in locale.territories:
                countries.setdefault(_plain(locale.territories[territory]), tuple(zones))
    return countries


def _locales(language: str) -> Iterator[Locale]:
    """Yield Babel's locale of a language, if it has one, and English."""
    with suppress(UnknownLocaleError, ValueError):
        yield Locale.parse(language, sep="-")
    yield Locale("en")


def _present_name(name: str) -> str:
    """Return the name that CLDR prefers to a former one, if this system has it."""
    zone: str = "UTC" if name in {"Etc/UTC", "UTC"} else get_global("zone_aliases").get(name, name)
    zone = "UTC" if zone == "Etc/UTC" else zone
    return zone if zone in available_time_zones() else name


def _zones_with_offset(match: re.Match[str]) -> list[str]:
    """Return well-known zones that are this far from UTC in some part of the year: one of each way to change clocks."""
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0)) * (1 if sign == "+" else -1)
    zones: dict[tuple[timedelta | None, ...], str] = {}
    for zone in dict.fromkeys(zone for zones_meant in _catalogue().values() for zone in zones_meant):
        offsets = tuple(datetime(2026, month, 1, tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset() for month in (1, 7))
        if offset in offsets:
            zones.setdefault(offsets, zone)
    return list(zones.values())


def _plain(text: str) -> str:
    """Return words in lower case, without accents and punctuation, separated by single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(re.sub(r"[\W_]+", " ", letters).split())
