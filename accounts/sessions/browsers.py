"""Which browser a session is in, as its user recognises it: no address, and no string that tells browsers apart."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

BROWSER = "browser"  # in a session: what `Browser` says, as a list


class Browser(NamedTuple):
    """What is kept of a browser. Names are those of our catalogue; empty strings are unknown. `began` is in seconds
    since 1970, 0 before a login.
    """

    name: str = ""
    os: str = ""
    country: str = ""
    began: int = 0

    @property
    def logged_in_at(self) -> datetime | None:
        return datetime.fromtimestamp(self.began, UTC) if self.began else None


def browser_of(data: Mapping[str, Any]) -> Browser:
    """Return the browser that a session's data name."""
    return Browser(*data.get(BROWSER, ()))
