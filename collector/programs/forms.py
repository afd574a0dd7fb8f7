"""The forms of what a declaration names and a report says. All values are short and come from closed sets or patterns.

There is no free text: what does not have its form is refused or becomes `other`, on the device and on the server.
"""

import re

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # of an event or a property
PROGRAM_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
CHOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}")  # one value of a property of type `choice`
VERSION = re.compile(
    r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}(?:[-.]?(?:a|alpha|b|beta|rc|pre|preview|dev|post|nightly|snapshot)[-.]?[0-9]{0,8})?"
)
RUNTIME = re.compile(r"[a-z]{1,12}(?:[0-9]{1,3}(?:\.[0-9]{1,3})?)?")  # python3.12, node22, go1.22, sh
REPORT_ID = re.compile(r"[0-9a-f]{32}")
SCHEMA = re.compile(r"[0-9a-f]{16}")
WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")  # ISO 8601

OTHER = "other"
SYSTEMS = ("linux", "macos", "windows", "freebsd", "openbsd", "netbsd", "android", "ios", OTHER)
ARCHITECTURES = ("x86-64", "arm64", "arm", "x86", "riscv64", "ppc64le", "s390x", OTHER)
PUBLIC_PANELS = ("actives", "versions", "systems", "countries", "events")
DRIVERS = ("person", "server", "agent", "ci", "container")
FIRST_WEEK = "2020-W01"  # before it, no program reported: a sender's clock is wrong

MAX_VERSION = 40  # characters
MAX_DAYS_LATE = 31
MAX_REPORTS = 31  # in one request
MAX_GAP = 32  # days; also stands for more
MAX_NUMBER = 1_000_000  # of one event, on one day, of one installation
MAX_USED = 500  # entries of one report
MAX_PROPERTIES = 10  # of one event
MAX_BOUNDS = 20  # of one bucket
MAX_BINS = MAX_BOUNDS + 1


def is_version(text: str) -> bool:
    """Whether a text has the form of a version."""
    return len(text) <= MAX_VERSION and VERSION.fullmatch(text) is not None
