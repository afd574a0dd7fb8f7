"""Creates this process's receivers from the settings."""

from functools import cache

from django.conf import settings

from collector.intake.admission import Admission
from collector.intake.clients import country_lookup
from collector.intake.doors import DoorReceiver
from collector.intake.lookups import Lookups
from collector.intake.members import Members
from collector.intake.network_caps import NetworkCaps
from collector.intake.rate_limits import Limiter, Rate, ReaderLimiter, SenderLimiter
from collector.intake.receive import Receiver
from collector.intake.reports import ReportReceiver
from collector.spool.writer import SpoolWriter


@cache
def receiver() -> Receiver:
    """Return this process's receiver. It writes nothing before the first hit, so the process may still fork."""
    country_lookup()  # reads files for up to a few seconds: no first hit may wait for that
    return Receiver(
        Lookups(settings.SPOOL_DIR),
        SpoolWriter(
            settings.SPOOL_DIR,
            max_bytes=settings.SPOOL_MAX_BYTES,
            is_durable=settings.SPOOL_DURABILITY == "disk",
        ),
        readers=ReaderLimiter(Rate(*settings.RATE_LIMIT)),
        proxies=Limiter("proxies", Rate(*settings.RATE_LIMIT_PROXY)),
        trusted_proxies=settings.TRUSTED_PROXIES,
    )


@cache
def members() -> Members:
    """Return what this process has told of members. It shares the lookups and the segment with hits."""
    hits = receiver()
    return Members(hits.lookups, hits.spool)


@cache
def report_receiver() -> ReportReceiver:
    """Return this process's receiver of programs' reports. It shares the lookups and the segment with hits."""
    hits = receiver()
    senders = SenderLimiter(Rate(*settings.REPORT_RATE_LIMIT))
    caps = NetworkCaps(settings.NEW_INSTALLATIONS_PER_NETWORK)
    return ReportReceiver(Admission(hits.lookups, senders, settings.TRUSTED_PROXIES), hits.spool, caps)


@cache
def door_receiver() -> DoorReceiver:
    """Return this process's receiver of what other SDKs report. It shares everything with that of clients."""
    return DoorReceiver(report_receiver())
