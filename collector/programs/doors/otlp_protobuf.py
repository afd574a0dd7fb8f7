"""Log records of OpenTelemetry in Protocol Buffers. The numbers of fields are those of its `logs.proto` and others."""

from collector.programs.doors.otlp_records import (
    MAX_ATTRIBUTES,
    MAX_PARTS,
    Attributes,
    AttributeValue,
    Record,
    Resource,
)
from collector.programs.doors.protobuf import Value, double, fields, fixed64, signed, text_in
from collector.programs.doors.sent import MAX_EVENTS, TooManyError

_RESOURCE_LOGS = 1  # of ExportLogsServiceRequest
_RESOURCE, _SCOPE_LOGS = 1, 2  # of ResourceLogs
_RESOURCE_ATTRIBUTES = 1  # of Resource
_LOG_RECORDS = 2  # of ScopeLogs
_TIME, _BODY, _ATTRIBUTES, _OBSERVED_TIME, _EVENT_NAME = 1, 5, 6, 11, 12  # of LogRecord
_KEY, _VALUE = 1, 2  # of KeyValue
_STRING, _BOOL, _INT, _DOUBLE = 1, 2, 3, 4  # of AnyValue
_NAME_BYTES = 400  # of a key or a name that are read
_TEXT_BYTES = 1000  # of a value


def resources_in_protobuf(content: bytes) -> list[Resource]:
    """Return what sent log records. Raises MalformedError and TooManyError."""
    resources: list[Resource] = []
    count = 0
    for message in _messages(content, _RESOURCE_LOGS, MAX_PARTS):
        pairs = [pair for one in _messages(message, _RESOURCE, 1) for pair in _messages(one, _RESOURCE_ATTRIBUTES)]
        records: list[Record] = []
        for scope in _messages(message, _SCOPE_LOGS, MAX_PARTS):
            items = _messages(scope, _LOG_RECORDS)
            count += len(items)
            if count > MAX_EVENTS:
                raise TooManyError
            records += [_record(item) for item in items]
        resources.append(Resource(_attributes(pairs), records))
    return resources


def _record(content: bytes) -> Record:
    name, body, at_ns, observed_ns = "", "", 0, 0
    attributes: list[bytes] = []
    for number, value in fields(content):
        if number == _ATTRIBUTES and isinstance(value, bytes):
            if len(attributes) < MAX_ATTRIBUTES:
                attributes.append(value)
        elif number == _TIME:
            at_ns = fixed64(value)
        elif number == _OBSERVED_TIME:
            observed_ns = fixed64(value)
        elif number == _BODY and isinstance(value, bytes):
            text = _any_value(value)
            body = text if isinstance(text, str) else ""
        elif number == _EVENT_NAME:
            name = _text(value, _NAME_BYTES)
    return Record(name, body, at_ns or observed_ns, _attributes(attributes), content)


def _attributes(pairs: list[bytes]) -> Attributes:
    attributes: dict[str, AttributeValue] = {}
    for pair in pairs[:MAX_ATTRIBUTES]:
        key, found = "", None
        for number, value in fields(pair):
            if number == _KEY:
                key = _text(value, _NAME_BYTES)
            elif number == _VALUE and isinstance(value, bytes):
                found = _any_value(value)
        if found is not None:
            attributes[key] = found
    return attributes


def _any_value(message: bytes) -> AttributeValue | None:
    """Return a text, a number or a flag; None for all else. The last one counts, as in any message."""
    found: AttributeValue | None = None
    for number, value in fields(message):
        if number == _STRING:
            found = _text(value, _TEXT_BYTES)
        elif number == _BOOL:
            found = bool(value)
        elif number == _INT:
            found = signed(value)
        elif number == _DOUBLE:
            found = double(value)
        else:
            found = None
    return found


def _messages(message: bytes, wanted: int, most: int = MAX_EVENTS) -> list[bytes]:
    """Return the messages in one field of a message. Raises TooManyError."""
    messages: list[bytes] = []
    for number, value in fields(message):
        if number == wanted and isinstance(value, bytes):
            if len(messages) == most:
                raise TooManyError
            messages.append(value)
    return messages


def _text(value: Value, most: int) -> str:
    return text_in(value[:most] if isinstance(value, bytes) else value)
