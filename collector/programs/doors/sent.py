"""What the SDKs of other telemetry systems send, in one form, before the declaration decides what is kept of it."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal, NamedTuple

import msgspec

from collector.programs.wire import MalformedError

MAX_EVENTS = 1000  # in one request; SDKs send 20 to 512
IdentityKind = Literal["installation", "session"]


class Facts(NamedTuple):
    """What an event says about where it happened, in the forms of a report. Unknown ones are empty."""

    version: str = ""
    os: str = ""
    arch: str = ""
    runtime: str = ""


NO_FACTS = Facts()


class Identity(NamedTuple):
    """The id that an SDK sends with its events: of an installation, or only of one run of the program."""

    kind: IdentityKind
    text: str


class SentEvent(NamedTuple):
    """One event as it was sent. `at_us` is in microseconds since the epoch, 0 if the SDK does not say.

    `key` is the same when the event is sent again, None if nothing tells that. If it is an id of the event (`has_id`),
    no other event has it. `more` are names of other things that were sent and are never kept. Properties in `read` say
    something else, too: nothing is lost where they are not declared. Without `is_named`, its name may be any text,
    which is never told.
    """

    name: str
    properties: Mapping[str, Any]
    identity: Identity | None
    at_us: int
    key: bytes | None
    has_id: bool
    facts: Facts
    more: tuple[str, ...] = ()
    read: frozenset[str] = frozenset()
    is_named: bool = True


class Opened(NamedTuple):
    """A request of which only the token of its program was read, empty if it names none.

    `read` returns its events. It takes longer, so call it once the request is admitted. Raises MalformedError and
    TooManyError.
    """

    token: str
    read: Callable[[], list[SentEvent]]


class TooManyError(ValueError):
    """A request has more than `MAX_EVENTS` events."""


def decoded(content: bytes) -> Any:
    """Return what a body of JSON says. Raises MalformedError.

    One value must not cost a batch. Some SDKs write numbers that JSON does not have, such as NaN, which become None
    here, and halves of a character (lone surrogates), where a program has cut a text.
    """
    try:
        with suppress(ValueError):  # msgspec's errors are ValueErrors; their texts may repeat what was sent
            return msgspec.json.decode(content)
        return json.loads(content, parse_constant=lambda _name: None)
    except RecursionError:
        raise MalformedError("The body is nested too deeply.") from None
    except ValueError:
        raise MalformedError("The body is not JSON.") from None


def limited(items: list[Any]) -> list[Any]:
    """Return the items. Raises TooManyError."""
    if len(items) > MAX_EVENTS:
        raise TooManyError
    return items


def content_key(item: Any) -> bytes:
    """Return what tells an event from others that has no id of its own: all that was sent, with its moment."""
    try:
        return msgspec.json.encode(item, order="sorted")
    except (RecursionError, ValueError):
        return b""


def text_of(value: object) -> str:
    """Return a text as it is; anything else is empty."""
    return value if isinstance(value, str) else ""


def table_of(value: object) -> Mapping[str, Any]:
    """Return an object as it is; anything else is empty."""
    return value if isinstance(value, dict) else {}
