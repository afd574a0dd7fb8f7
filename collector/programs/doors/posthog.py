"""What PostHog's SDKs send: a batch, one event, or a list of events; in JSON, as a form, or in base64.

Read from posthog 7.91 (Python), posthog-node 5.70 and posthog-js 1.449. A person's properties, groups, addresses and
pages are never read.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes

from collector.programs.doors.facts import architecture_of, first_text, runtime_of, system_of, version_of
from collector.programs.doors.moments import moment_of
from collector.programs.doors.sent import (
    Facts,
    Identity,
    Opened,
    SentEvent,
    content_key,
    decoded,
    limited,
    table_of,
    text_of,
)
from collector.programs.wire import MalformedError

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Without an id from the program, these make up another one for each event, and say that it is of nobody.
_MAKE_UP_IDS = frozenset({"posthog-python", "posthog-node"})
# What programs send where they have no id. PostHog merges nobody under such ids either.
_NO_IDS = frozenset(
    {"", "0", "none", "null", "nil", "nan", "undefined", "anonymous", "guest", "true", "false", "[object object]"}
    | {"distinct_id", "distinctid", "id", "not_authenticated", "email", "user"}
)
_READ = frozenset({"distinct_id", "app_version", "version", "os", "arch", "runtime", "node_version"})
_KEY = re.compile(r"(?:phc_)?([a-z0-9]{16,40})")


def token_in(key: str) -> str:
    """Return the token that a project key is, with or without PostHog's prefix; empty if it is none."""
    match = _KEY.fullmatch(key)
    return match[1] if match else ""


def open_posthog(content: bytes, content_type: bytes, query: bytes) -> Opened:
    """Open a request. Raises MalformedError."""
    items, key = _items_and_key(decoded(_json_in(content, content_type, query)))
    for item in items[:1] if not key else ():
        key = _key_of(table_of(item)) or text_of(table_of(table_of(item).get("properties")).get("token"))
    return Opened(token_in(key), lambda: [event for item in limited(items) if (event := _event(item)) is not None])


def _json_in(content: bytes, content_type: bytes, query: bytes) -> bytes:
    """Return the JSON in a body, which may be a form's field `data`, in base64 or not."""
    if content[:1] in {b"{", b"["}:
        return content
    if content_type.startswith(b"application/x-www-form-urlencoded") or content.startswith(b"data="):
        try:
            fields = parse_qs(content.decode("ascii"), max_num_fields=20)
        except ValueError:
            raise MalformedError("The body is not a form.") from None
        content = fields.get("data", [""])[0].encode("utf-8", "surrogatepass")
    elif b"compression=base64" in query:
        content = unquote_to_bytes(content)
    if content[:1] in {b"{", b"["}:
        return content
    try:
        return base64.b64decode(content.replace(b" ", b"+"), validate=True)
    except (binascii.Error, ValueError):
        return content


def _items_and_key(body: Any) -> tuple[list[Any], str]:
    if isinstance(body, list):
        return body, ""
    if not isinstance(body, dict):
        raise MalformedError("The body is neither a JSON object nor a list.")
    batch = body.get("batch")
    if isinstance(batch, list):
        return batch, _key_of(body)
    if "event" not in body:
        raise MalformedError("The body has neither a batch nor an event.", "batch")
    return [body], _key_of(body)


def _key_of(fields: Mapping[str, Any]) -> str:
    return text_of(fields.get("api_key")) or text_of(fields.get("token"))


def _event(item: Any) -> SentEvent | None:
    """Return one event, or None if it is none."""
    fields = table_of(item)
    name, properties = text_of(fields.get("event")), table_of(fields.get("properties"))
    if not name:
        return None
    at_us = moment_of(fields.get("timestamp"))
    key = text_of(fields.get("uuid")) or text_of(properties.get("$insert_id"))
    return SentEvent(
        name=name,
        properties={name: value for name, value in properties.items() if not name.startswith("$") and name != "token"},
        identity=_identity(fields, properties),
        at_us=at_us,
        key=key.encode("utf-8", "surrogatepass") or (content_key(item) if at_us else None) or None,
        has_id=bool(key),
        facts=_facts(properties),
        read=_READ,
    )


def _identity(fields: Mapping[str, Any], properties: Mapping[str, Any]) -> Identity | None:
    for value in (fields.get("distinct_id"), properties.get("distinct_id"), properties.get("$distinct_id")):
        if isinstance(value, int) and not isinstance(value, bool):
            value = f"{value % 10**30}"  # of any length: Python does not write numbers of 5,000 digits
        if isinstance(value, str) and value.strip().lower() not in _NO_IDS:
            is_made_up = (
                properties.get("$process_person_profile") is False
                and properties.get("$lib") in _MAKE_UP_IDS
                and _UUID.fullmatch(value)
            )
            return None if is_made_up else Identity("installation", value)
    return None


def _facts(properties: Mapping[str, Any]) -> Facts:
    runtime = runtime_of(first_text(properties, "$python_runtime"), first_text(properties, "$python_version"))
    if not runtime and properties.get("$lib") == "posthog-node":
        runtime = runtime_of("node", first_text(properties, "$node_version", "node_version"))
    return Facts(
        version=version_of(first_text(properties, "$app_version", "app_version", "version")),
        os=system_of(first_text(properties, "$os", "$os_name", "os")),
        arch=architecture_of(first_text(properties, "$arch", "arch")),
        runtime=runtime or runtime_of(first_text(properties, "runtime"), ""),
    )
