"""The process's own receiver, made from the settings on first use."""

from functools import cache

from django.conf import settings

from collector.lookups import Lookups
from collector.receive import Receiver
from collector.spool import SpoolWriter


@cache
def receiver() -> Receiver:
    """Return this process's receiver. Nothing is opened before the first hit, so a fork may come between."""
    return Receiver(Lookups(), SpoolWriter(settings.SPOOL_DIR), settings.TRUSTED_PROXIES)
