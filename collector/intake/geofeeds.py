"""Geofeeds (RFC 8805): files in which networks publish the countries of their addresses.

Relays such as Apple's iCloud Private Relay publish where the readers behind their addresses are, which no registry
knows. Only the country is used.
"""

import logging
import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from socket import AF_INET, AF_INET6, inet_pton

logger = logging.getLogger(__name__)

IPV4_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, IPv4 within IPv6 (RFC 4291, 2.5.5.2)
_COUNTRY = re.compile(r"[A-Z]{2}|")
_UNKNOWN_COUNTRIES = frozenset({"", "ZZ"})  # an empty one means "do not geolocate" (2.1.2); ZZ is CLDR's unknown
_NO_ENTRY = 0  # in place of a country's number


Prefixes = dict[tuple[int, int], int]  # the country's number by the prefix's first address and the one after its last


class Ranges:
    """The countries of all addresses of one IP version, as ranges: one search, and no object for each prefix."""

    def __init__(self, prefixes: Prefixes) -> None:
        self._starts: list[int] = [0]
        self._countries = array("H", [_NO_ENTRY])
        containing: list[tuple[int, int]] = []  # end and country of the prefixes around a position, the longest last
        for start, end in sorted(prefixes, key=lambda prefix: (prefix[0], -prefix[1])):
            self._end(containing, start)
            country = prefixes[start, end]
            self._begin(start, country)
            containing.append((end, country))
        self._end(containing, 1 << 128)

    def country(self, address: int) -> int:
        return self._countries[bisect_right(self._starts, address) - 1]

    def _end(self, containing: list[tuple[int, int]], position: int) -> None:
        """Remove the prefixes that end at `position` or before."""
        while containing and containing[-1][0] <= position:
            end, _ = containing.pop()
            self._begin(end, containing[-1][1] if containing else _NO_ENTRY)

    def _begin(self, start: int, country: int) -> None:
        """Let a range begin; the range before it ends."""
        if self._starts[-1] == start:
            self._starts.pop()
            self._countries.pop()
        if not self._countries or self._countries[-1] != country:
            self._starts.append(start)
            self._countries.append(country)


class Geofeeds:
    """The prefixes of several files. The longest one that contains an address speaks; of equal ones, the first."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._names: list[str | None] = [None]  # by number; the first one stands for "no entry"
        self._numbers: dict[str, int] = {}
        prefixes: dict[int, Prefixes] = {AF_INET: {}, AF_INET6: {}}
        for path in paths:
            self._read(path, prefixes)
        self._ranges = {family: Ranges(of_family) for family, of_family in prefixes.items()}

    def country(self, address: str) -> str | None:
        """Return the country code of an address, empty if it must stay unknown, None if no prefix contains it."""
        family = AF_INET6 if ":" in address else AF_INET
        number = int.from_bytes(inet_pton(family, address), "big")
        return self._names[self._ranges[family].country(number)]

    def _read(self, path: str, prefixes: dict[int, Prefixes]) -> None:
        """Read one file. Log once if it can't be read, and once how many of its lines can't."""
        broken = 0
        first_broken = 0
        try:
            with open(path, encoding="utf-8-sig", errors="replace") as file:
                for line_number, line in enumerate(file, 1):
                    if line.startswith("#") or line.isspace():
                        continue
                    parsed = self._parsed(line)
                    if parsed is None:
                        broken += 1
                        first_broken = first_broken or line_number
                    else:
                        family, prefix, country = parsed
                        prefixes[family].setdefault(prefix, country)
        except OSError as error:
            logger.error("Can't read GEOIP_FEEDS %s (%s). It names no countries. Set it to CSV files.", path, error)
        if broken:
            logger.warning("GEOIP_FEEDS %s: ignored %d unreadable lines, line %d first.", path, broken, first_broken)

    def _parsed(self, line: str) -> tuple[int, tuple[int, int], int] | None:
        """Return IP version, prefix and country's number of a line `prefix,country,…`; None if it is broken."""
        prefix, _, rest = line.partition(",")
        address, slash, length_text = prefix.strip().strip('"').partition("/")
        country = rest.partition(",")[0].strip().strip('"').upper()
        family: int = AF_INET6 if ":" in address else AF_INET
        try:
            packed = inet_pton(family, address)
            length = int(length_text) if slash else len(packed) * 8
        except (OSError, ValueError):
            return None
        if packed.startswith(IPV4_MAPPED) and length >= 96:
            family, packed, length = AF_INET, packed[12:], length - 96
        size = 1 << (len(packed) * 8 - length) if 0 <= length <= len(packed) * 8 else 0
        start = int.from_bytes(packed, "big")
        if not size or start % size or not _COUNTRY.fullmatch(country):
            return None
        return family, (start, start + size), self._number("" if country in _UNKNOWN_COUNTRIES else country)

    def _number(self, country: str) -> int:
        if country not in self._numbers:
            self._numbers[country] = len(self._names)
            self._names.append(country)
        return self._numbers[country]
