"""Long lists in parts: an opaque cursor stands for the last row of one part, and the next part begins after it.

A part is found by the sort key of its first row, not by the number of rows before it. So the last part of a million
costs as little as the first, and new rows move no other row to another part.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Annotated, Any, TypeVar

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from ninja import Query

from dashboard.api.problems import bad_parameter

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000
MAX_ID = 2**31 - 1
MAX_CURSOR_CHARACTERS = 1_000  # a value of a count has at most 255

SortKey = TypeVar("SortKey", bound=tuple[Any, ...])

Limit = Annotated[
    int,
    Query(ge=1, le=MAX_LIMIT, description=gettext_noop("The most items to return.")),
]
Cursor = Annotated[
    str,
    Query(
        max_length=MAX_CURSOR_CHARACTERS,
        description=gettext_noop("“next_cursor” of the previous response. Leave it out for the first part."),
    ),
]
NEXT_CURSOR = gettext_noop("Send it as “cursor” to get the next items. Null if these are the last.")


def encode_cursor(sort_key: tuple[Any, ...]) -> str:
    """Return the cursor that stands for the row with this sort key."""
    return urlsafe_b64encode(msgspec.json.encode(sort_key)).decode().rstrip("=")


def decode_cursor(cursor: str, key_type: type[SortKey]) -> SortKey | None:
    """Return the sort key that a cursor stands for, None for an empty one. Raises ProblemError for an invalid one.

    Cursors are not signed: a forged one can only change where to continue in a list that the token can read anyway.
    """
    if not cursor:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        sort_key: SortKey = msgspec.json.decode(text, type=key_type)
    except (Base64Error, ValueError, msgspec.MsgspecError) as error:
        raise bad_parameter(
            "cursor", _("This is not a cursor of this list. Send “next_cursor” of a response, or leave it out.")
        ) from error
    return sort_key
