"""How values and numbers are written on a page. What we can't know is never written as a number."""

from collections.abc import Sequence
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

from django.utils.formats import date_format

UNKNOWN = "unknown"
DASH = "\N{EN DASH}"
UNSEEN = DASH
SUFFIXES = ("", "k", "M", "G")


@cache
def _countries() -> dict[str, str]:
    text = Path(__file__).with_name("catalogues").joinpath("countries.tsv").read_text("utf-8")
    return dict(line.split("\t") for line in text.splitlines() if not line.startswith("#"))


def country(code: str) -> str:
    """Return a country's usual English name, or the code itself where it stands for none."""
    return _countries().get(code, code)


@lru_cache(maxsize=4096)
def day(value: date, form: str) -> str:
    """Write a day in one of Django's date formats. Remembered: a trend writes 60, and each takes 20 µs."""
    return date_format(value, form)


def hour(value: str) -> str:
    """Return an hour of the day as a clock shows it."""
    return f"{value}:00"


def capital(value: str) -> str:
    """Return the value with a capital, for our own words such as `desktop`."""
    return value[:1].upper() + value[1:]


def verbatim(value: str) -> str:
    """Return the value, for names that are their own labels."""
    return value


def short(number: int) -> str:
    """Shorten a count to at most three digits and a suffix, never rounding up to more than there is: 12345 → 12.3k."""
    scale = 0
    whole = number
    while whole >= 1000 and scale < len(SUFFIXES) - 1:
        whole //= 1000
        scale += 1
    if scale and whole < 100:
        tenths = number // (1000**scale // 10) % 10
        return f"{whole}.{tenths}{SUFFIXES[scale]}"
    return f"{whole}{SUFFIXES[scale]}"


def percent(share: float) -> str:
    """Write a share of 1 in percent. What is there is never written as 0 %, what is missing never as 100 %."""
    if 0 < share < 0.01:
        return "<1%"
    if 0.99 < share < 1:
        return ">99%"
    return f"{share:.0%}"


def seen(visits: int, visitors: int) -> int | None:
    """Return the visitors, or None where there were visits but nobody behind them that we could see."""
    return None if visits and not visitors else visitors


def listed(words: Sequence[str]) -> str:
    """Write words as a list: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def count(number: int, noun: str) -> str:
    """Write how many there are of something, exactly."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
