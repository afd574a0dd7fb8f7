"""Long answers in parts: an opaque cursor names the last row of one answer, and the next begins after it.

A part is found by its place in the order and not by how many rows came before: the last of a million costs what the
first costs, and rows that come meanwhile move no other row to another part.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from typing import Annotated, Any

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Query

from dashboard.api.problems import bad_parameter

LIMIT = 100
MAX_LIMIT = 1_000
MAX_ID = 2**31 - 1
MAX_CURSOR = 1_000  # characters; a value of the counts has 255

Limit = Annotated[
    int,
    Query(ge=1, le=MAX_LIMIT, description=gettext_noop("How many items to answer with at most.")),
]
Cursor = Annotated[
    str,
    Query(
        max_length=MAX_CURSOR,
        description=gettext_noop("“next_cursor” of the answer before; leave it out for the first."),
    ),
]
NEXT_CURSOR = gettext_noop("Send it as “cursor” for the next items; null where these were the last.")


def cursor_of(place: tuple[Any, ...]) -> str:
    """Return the cursor of a place in an order."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(cursor: str, form: Any) -> Any:
    """Return the place that a cursor names, None for an empty one. Raises ProblemError for what is none.

    Cursors are not signed: whatever one says, the project is the token's, and the place only where to read on.
    """
    if not cursor:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(text, type=form)
    except (NoBase64, ValueError, msgspec.MsgspecError) as error:
        raise bad_parameter(
            "cursor", _("This is no cursor of this list. Take “next_cursor” of an answer, or leave it out.")
        ) from error
