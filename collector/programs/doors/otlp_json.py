"""Log records of OpenTelemetry in JSON: Protocol Buffers in its mapping, where 64-bit numbers are texts."""

import re
from typing import Any

from collector.programs.doors.otlp_records import (
    MAX_ATTRIBUTES,
    MAX_PARTS,
    Attributes,
    AttributeValue,
    Record,
    Resource,
)
from collector.programs.doors.sent import MAX_EVENTS, TooManyError, content_key, decoded, table_of, text_of
from collector.programs.wire import MalformedError

_INTEGER = re.compile(r"-?[0-9]{1,19}")


def resources_in_json(content: bytes) -> list[Resource]:
    """Return what sent log records. Raises MalformedError and TooManyError."""
    body = decoded(content)
    if not isinstance(body, dict) or not isinstance(body.get("resourceLogs", []), list):
        raise MalformedError("The body is not an export of logs.", "resourceLogs")
    resources: list[Resource] = []
    count = 0
    for resource in map(table_of, body.get("resourceLogs", [])):
        items: list[Any] = []
        if len(resources) == MAX_PARTS:
            raise TooManyError
        for scope in map(table_of, _list_of(resource.get("scopeLogs"))):
            items += _list_of(scope.get("logRecords"))
        count += len(items)
        if count > MAX_EVENTS:
            raise TooManyError
        attributes = _attributes(table_of(resource.get("resource")).get("attributes"))
        resources.append(Resource(attributes, [_record(item) for item in items]))
    return resources


def _record(item: Any) -> Record:
    fields = table_of(item)
    return Record(
        name=text_of(fields.get("eventName")),
        body=text_of(table_of(fields.get("body")).get("stringValue")),
        at_ns=_integer(fields.get("timeUnixNano")) or _integer(fields.get("observedTimeUnixNano")),
        attributes=_attributes(fields.get("attributes")),
        content=content_key(item),
    )


def _attributes(items: Any) -> Attributes:
    attributes: dict[str, AttributeValue] = {}
    for item in map(table_of, _list_of(items)[:MAX_ATTRIBUTES]):
        value = _value(table_of(item.get("value")))
        if value is not None:
            attributes[text_of(item.get("key"))] = value
    return attributes


def _value(value: Any) -> AttributeValue | None:
    if isinstance(text := value.get("stringValue"), str):
        return text
    if isinstance(flag := value.get("boolValue"), bool):
        return flag
    if "intValue" in value:
        return _integer(value["intValue"])
    number = value.get("doubleValue")
    return number if isinstance(number, int | float) and not isinstance(number, bool) else None


def _integer(value: Any) -> int:
    """Return a 64-bit number, which may be written as a text; 0 if it is none."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64 else 0


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
