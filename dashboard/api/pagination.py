"""Long answers in parts: an opaque cursor names the last row of one answer, and the next begins after it.

A part is found by its place in the order and not by how many rows came before: the last of a million costs what the
first costs, and rows that come meanwhile move no other row to another part.
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
MAX_CURSOR_CHARACTERS = 1_000  # a value of the counts has 255

SortKey = TypeVar("SortKey", bound=tuple[Any, ...])

Limit = Annotated[
    int,
    Query(ge=1, le=MAX_LIMIT, description=gettext_noop("How many items to answer with at most.")),
]
Cursor = Annotated[
    str,
    Query(
        max_length=MAX_CURSOR_CHARACTERS,
        description=gettext_noop("“next_cursor” of the answer before; leave it out for the first."),
    ),
]
NEXT_CURSOR = gettext_noop("Send it as “cursor” for the next items; null where these were the last.")


def encode_cursor(sort_key: tuple[Any, ...]) -> str:
    """Return the cursor that stands for the row with this sort key."""
    return urlsafe_b64encode(msgspec.json.encode(sort_key)).decode().rstrip("=")


def decode_cursor(cursor: str, key_type: type[SortKey]) -> SortKey | None:
    """Return the sort key that a cursor stands for, None for an empty one. Raises ProblemError for what is none.

    Cursors are not signed: whatever one says, the project is the token's, and the key only where to read on.
    """
    if not cursor:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        sort_key: SortKey = msgspec.json.decode(text, type=key_type)
    except (Base64Error, ValueError, msgspec.MsgspecError) as error:
        raise bad_parameter(
            "cursor", _("This is no cursor of this list. Take “next_cursor” of an answer, or leave it out.")
        ) from error
    return sort_key
