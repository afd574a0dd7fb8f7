"""The map above the list of countries: each country in the shade of its visits, and a legend with the numbers.

Shades are classes and not a scale, so that people can tell which one a country has. The outlines are in a static file;
a page only names the countries, so the map needs no script.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard import formatting

MAX_CLASSES = 4  # palette.css has a shade for each
BOUNDS = tuple(step * 10**power for power in range(10) for step in (1, 3))  # each about three times the one before


@dataclass(frozen=True, slots=True)
class MapCountry:
    """One country with visits. `shade` is the number of its class, from 1 for the fewest visits."""

    code: str
    label: str
    visits: int
    shade: int


@dataclass(frozen=True, slots=True)
class MapClass:
    """One line of the legend, such as `3–9` visits."""

    shade: int
    label: str


@dataclass(frozen=True, slots=True)
class WorldMap:
    """The countries with visits, and the classes of their shades, fewest visits first."""

    countries: Sequence[MapCountry]
    classes: Sequence[MapClass]


def world_map(counts: Sequence[tuple[str, int]]) -> WorldMap | None:
    """Return the map of visits by country code; None where no country is known."""
    visits_by_code = [(code, visits) for code, visits in counts if code and visits]
    if not visits_by_code:
        return None
    most_visits = max(visits for _code, visits in visits_by_code)
    bounds = _bounds(most_visits)
    countries = [
        MapCountry(code, formatting.country(code), visits, sum(visits >= bound for bound in bounds))
        for code, visits in visits_by_code
    ]
    ends = [bound - 1 for bound in bounds[1:]] + [most_visits]
    classes = [
        MapClass(shade, _range(first, last)) for shade, (first, last) in enumerate(zip(bounds, ends, strict=True), 1)
    ]
    return WorldMap(countries, classes)


def _bounds(most_visits: int) -> list[int]:
    """Return the lower bounds of the classes. The first class takes all that is below the second."""
    bounds = [bound for bound in BOUNDS if bound <= most_visits][-MAX_CLASSES:]
    return [1, *bounds[1:]]


def _range(first: int, last: int) -> str:
    if first == last:
        return formatting.exact(first)
    return f"{formatting.exact(first)}{formatting.DASH}{formatting.exact(last)}"
