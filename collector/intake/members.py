"""Tell the drain which visitors of today are members, so that their own readings don't count.

A member who uses the dashboard has, in the same browser and at the same address, the visitor hash that their readings
have. It is computed from their request as `receive` computes it from a hit, for each project of theirs that doesn't
count members, and spooled without their name, a line for each project. Nothing is written to the database here: the
drain does that.

What a process has told is remembered, so that a page costs one query in `CHECK_SECONDS`, and a member's browser one
line a day and project. Bounded, whatever a member does: `MAX_BROWSERS` a day for each of the last `MAX_MEMBERS`.
"""

import hashlib
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from operator import attrgetter
from threading import Lock
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest

from collector.classify.private_hosts import is_loopback_host, is_private_host
from collector.intake.clients import address_of, came_through_other_proxies, is_private
from collector.intake.lookups import Live, Lookups
from collector.intake.visitors import visitor_of
from collector.models import Membership
from collector.spool.own_line import SpooledMember
from collector.spool.writer import SpoolWriter
from collector.storage.bulk_sql import chunks
from collector.storage.countable import local_day_and_hour
from collector.storage.own_visitors import MAX_BROWSERS
from collector.storage.salts import stored_salts

logger = logging.getLogger(__name__)

CHECK_SECONDS = 300.0  # until a new day, a new project or a new member is noticed
RETRY_SECONDS = 10.0
MAX_PROJECTS = 1_000  # of a member, the newest
MAX_MEMBERS = 5_000
LINES_AT_ONCE = 500  # in one write: each takes at most 92 bytes


def member_address(request: HttpRequest) -> str:
    """Return the address of a member's request; empty where it may be a proxy's, which would be that of all readers.

    A proxy shows in `X-Forwarded-For`, or in an address that nobody on the internet has, while our own names are on the
    internet. To a server with other names than this computer's, nobody comes from a loopback address.
    """
    address = address_of(request)
    if came_through_other_proxies(request):
        return ""
    if is_private(address):
        hosts = {*settings.ALLOWED_HOSTS, urlsplit(settings.PUBLIC_URL).netloc} - {""}
        is_near = is_loopback_host if _is_loopback(address) else is_private_host
        if not all(host != "*" and is_near(host.lower()) for host in hosts):
            return ""
    return address


def _is_loopback(address: str) -> bool:
    return is_loopback_host(f"[{address}]" if ":" in address else address)


class ProjectDay(NamedTuple):
    """A project and one of its local days, in ISO 8601."""

    project_id: int
    date: str


class Browser:
    """One browser of a member: what was told of it, and when to look again for what is new."""

    def __init__(self) -> None:
        self.told: set[ProjectDay] = set()
        self.check_due_at = 0.0


class MemberDay:
    """The browsers that a member used on one UTC day, by a hash."""

    def __init__(self, day: int) -> None:
        self.day = day
        self.browsers: dict[bytes, Browser] = {}


class Members:
    """What one process has told of members. `clock` returns monotonic seconds."""

    def __init__(self, lookups: Lookups, spool: SpoolWriter, clock: Callable[[], float] = time.monotonic) -> None:
        self._lookups = lookups
        self._spool = spool
        self._clock = clock
        self._key = secrets.token_bytes(16)
        self._members: OrderedDict[int, MemberDay] = OrderedDict()
        self._lock = Lock()

    def note(self, user_id: int, address: str, agent: bytes, at_us: int, *, is_change: bool = False) -> None:
        """Tell which visitors a member's browser is, unless that was told. Never raises for a database or a disk.

        One query in `CHECK_SECONDS` and after each change, such as a new project; two if no hit came yet.
        """
        browser = self._browser(user_id, address, agent, at_us // 86_400_000_000) if address else None
        if browser is None or (self._clock() < browser.check_due_at and not is_change):
            return
        browser.check_due_at = self._clock() + RETRY_SECONDS  # other threads need not look, too
        second_us = at_us // 1_000_000 * 1_000_000
        try:
            new = self._new_project_days(user_id, at_us, browser.told)
            lines = [
                SpooledMember(*project_day, visitor_of(address, agent, salt, project_day.project_id), second_us)
                for project_day, salt in new.items()
                if salt is not None
            ]
            lines.sort(key=attrgetter("visitor"))  # an order that says nothing of the member
            for some in chunks(lines, LINES_AT_ONCE):
                self._spool.append(b"".join([line.to_line() for line in some]))
                browser.told |= {ProjectDay(line.project_id, line.date) for line in some}
            if None not in new.values():
                browser.check_due_at = self._clock() + CHECK_SECONDS
        except (DatabaseError, InterfaceError, OSError) as error:
            logger.warning("Can't note that a member uses the dashboard (%s).", error)

    def _browser(self, user_id: int, address: str, agent: bytes, day: int) -> Browser | None:
        """Return what is known of a browser, None for one too many. Its address is only hashed into a key."""
        digest = hashlib.blake2b(address.encode() + b"\0" + agent, key=self._key, digest_size=16).digest()
        with self._lock:
            member = self._members.get(user_id)
            if member is None or member.day != day:
                member = self._members[user_id] = MemberDay(day)
            self._members.move_to_end(user_id)
            if len(self._members) > MAX_MEMBERS:
                self._members.popitem(last=False)
            if digest not in member.browsers and len(member.browsers) < MAX_BROWSERS:
                member.browsers[digest] = Browser()
            return member.browsers.get(digest)

    def _new_project_days(self, user_id: int, at_us: int, told: set[ProjectDay]) -> dict[ProjectDay, bytes | None]:
        """Return today in each of a member's projects, unless it was told, with its salt; None if there is none yet.

        Forget in `told` the projects that count members now: the drain may forget theirs, too (`mark_own`).
        """
        projects = Membership.objects.filter(user_id=user_id, project__ignores_members=True).order_by("-project_id")
        new: dict[ProjectDay, bytes | None] = {}
        today: set[ProjectDay] = set()
        for project_id, zone in projects.values_list("project_id", "project__timezone")[:MAX_PROJECTS]:
            project_day = ProjectDay(project_id, local_day_and_hour(at_us, zone)[0])
            today.add(project_day)
            if project_day not in told:
                new[project_day] = self._lookups.salt(Live(project_id, zone, ()), at_us)
        told &= today
        if None in new.values():
            salts = stored_salts({project_day.date for project_day, salt in new.items() if salt is None})
            new |= {project_day: salts.get(project_day.date) for project_day, salt in new.items() if salt is None}
        return new
