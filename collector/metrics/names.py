"""What processes count for `/metrics`. `collector.intake.exposition` has the names and texts that Prometheus sees.

A label is always a word of ours: a verdict, a status, a route's name. Nothing that a stranger can send becomes one.
"""

from enum import StrEnum


class Count(StrEnum):
    """A number that only grows. In brackets: what its label says."""

    HITS = "hits"  # requests of pixels, by a web process [answer]
    BADGES = "badges"  # requests of badges, by a web process [svg or json]
    LOST = "lost"  # hits that could not be spooled
    RUNS = "runs"  # of programs, reported by a shell [answer]
    REPORTS = "reports"  # of programs [accepted, excess or rejected]
    SDK_EVENTS = "sdk_events"  # of other SDKs [kept, excess or dropped]
    REPORT_REQUESTS = "report_requests"  # [status of the answer]
    STORED_HITS = "stored_hits"  # by the drain [verdict]
    LINES = "lines"  # of the spool, by the drain
    SET_ASIDE = "set_aside"  # lines that could not be used
    DATABASE_ERRORS = "database_errors"  # [process]
    VIEW_ERRORS = "view_errors"  # answers 500 to 599 [route]


class Timing(StrEnum):
    """Durations that are counted by how long they took. In brackets: what its label says."""

    BATCH = "batch"  # the drain stores a batch
    VIEW = "view"  # a page or an answer of the API [route]
