"""How many reports of a program count from one network on a day. What is over that is kept, and counted apart.

Anybody can make up installations: a program runs on devices of strangers, so no secret in it would stay one. But each
made-up installation needs a report from some network. So of each network, only so many first reports of a day count,
and ten times as many others, whose installations say that they have reported before. Of IPv6, that holds for a /64, and
ten times as much for a /48.

A network that sends far more, `FLOOD` times a cap above it, floods us: then none of its reports under that cap counts
on that day, and the ones that counted so far are taken back by a line of the spool. Companies and universities behind
one address stay below that, or a project's owner lets them count.

No address is remembered, only a hash that is keyed with the day's salt. Each process counts by itself first, as
`Limiter` says; what counted so far is only known in the process that took it, until that ends.
"""

import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from collector.intake.clients import networks
from collector.intake.rate_limits import CLIENTS_OF_A_NETWORK, Limiter, Rate, keyed_hash
from collector.models import INSTALLED
from collector.programs.report import ProgramReport, number_of_id

LATER_REPORTS = 10  # times the cap of first reports
FLOOD = 10  # times the cap
DAY_SECONDS = 86_400
MAX_REMEMBERED = 300_000  # reports and networks: some 15 MB
_INSTALLED = frozenset(str(driver.label) for driver in INSTALLED)
_COUNTED = struct.Struct(">iq")  # the ordinal of a day, and an id

ReportName = tuple[str, int]  # a day and an id, as in `Report`


class Judged(NamedTuple):
    """Which reports of a request are over a cap, and which earlier ones must not count either."""

    excess: list[bool]
    flood: Sequence[ReportName]


class _Network(NamedTuple):
    """The network and the site of a sender, as keyed hashes. They are the same for IPv4."""

    local: str
    site: str


class _Sent:
    """What a site has sent today: the reports that count, packed, and how many others."""

    __slots__ = ("counting", "excess", "is_flood")

    def __init__(self) -> None:
        self.counting = bytearray()
        self.excess = 0
        self.is_flood = False

    def names(self) -> list[ReportName]:
        return [(date.fromordinal(day).isoformat(), number) for day, number in _COUNTED.iter_unpack(self.counting)]


class _Cap:
    """At most `most` reports of a network count, and of a site ten times as many."""

    def __init__(self, name: str, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._networks = Limiter(f"{name}_networks", Rate(most, DAY_SECONDS), clock)
        self._sites = Limiter(f"{name}_sites", Rate(most * CLIENTS_OF_A_NETWORK, DAY_SECONDS), clock)
        self._sent: OrderedDict[str, _Sent] = OrderedDict()
        self._remembered = 0

    def is_excess(self, network: _Network, key: bytes, report: ProgramReport) -> bool:
        """Count one report and return whether it is over the cap."""
        sent = self._sent_by(network.site)
        if not (sent.is_flood or self.is_over(network, key)):
            sent.counting += _COUNTED.pack(date.fromisoformat(report.day).toordinal(), number_of_id(report.id))
            self._remembered += 1
            return False
        sent.excess += 1
        return True

    def flood(self, network: _Network) -> list[ReportName]:
        """Return the reports that counted so far, once a site has turned out to flood us."""
        sent = self._sent[network.site]
        times = 1 if network.site == network.local else CLIENTS_OF_A_NETWORK
        if sent.excess <= FLOOD * times * self._most:
            return []
        sent.is_flood = True
        names = sent.names()
        sent.counting.clear()
        self._remembered -= len(names)
        return names

    def is_over(self, network: _Network, key: bytes) -> bool:
        """Count one more, and return whether the network or its site had used up its cap."""
        if self._networks.is_excess((network.local,), key):
            return True
        return network.site != network.local and self._sites.is_excess((network.site,), key)

    def _sent_by(self, site: str) -> _Sent:
        sent = self._sent.get(site)
        if sent is None:
            sent = self._sent[site] = _Sent()
            self._remembered += 1
            while self._remembered > MAX_REMEMBERED and len(self._sent) > 1:
                _, oldest = self._sent.popitem(last=False)
                self._remembered -= 1 + len(oldest.counting) // _COUNTED.size
        self._sent.move_to_end(site)
        return sent


class NetworkCaps:
    """Caps what each network adds to the figures of each program. `new` first reports a day count, 0 means no cap."""

    def __init__(self, new: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._has_cap = new > 0
        self._first = _Cap("first_reports", new, clock)
        self._later = _Cap("later_reports", new * LATER_REPORTS, clock)
        self._of_sdks = _Cap("sdk_installations", new, clock)
        self._sessions = _Cap("sdk_sessions", new * LATER_REPORTS, clock)
        self._marks: OrderedDict[int, bool] = OrderedDict()  # of other SDKs, and whether each was over the cap

    def judge(self, address: str, token: str, key: bytes, reports: Iterable[ProgramReport]) -> Judged:
        """Count the reports of one request. `key` keys the hashes of networks.

        Reports of CI, agents and containers are in no figure, so they have no cap.
        """
        reports = list(reports)
        if not self._has_cap:
            return Judged([False] * len(reports), [])
        network = _network_of(address, token, key)
        excess: list[bool] = []
        flood: list[ReportName] = []
        for report in reports:
            is_excess = False
            if report.driver in _INSTALLED:
                cap = self._first if report.gap is None else self._later
                if is_excess := cap.is_excess(network, key, report):
                    flood += cap.flood(network)
            excess.append(is_excess)
        return Judged(excess, flood)

    def is_mark_excess(self, address: str, token: str, key: bytes, mark: int, *, is_session: bool) -> bool:
        """Count an installation or a session that another SDK reports, by its mark of a day. Each counts once.

        Nobody knows which ones are new, so all have the cap of new installations, and sessions that of later reports.
        What counted before a flood is not taken back: no raw report tells what it was.
        """
        if not self._has_cap:
            return False
        is_excess = self._marks.get(mark)
        if is_excess is None:
            cap = self._sessions if is_session else self._of_sdks
            is_excess = self._marks[mark] = cap.is_over(_network_of(address, token, key), key)
            if len(self._marks) > MAX_REMEMBERED:
                self._marks.popitem(last=False)
        return is_excess


def _network_of(address: str, token: str, key: bytes) -> _Network:
    local, site = networks(address)
    hash_of_site = keyed_hash((site, token), key)
    return _Network(hash_of_site if local == site else keyed_hash((local, token), key), hash_of_site)
