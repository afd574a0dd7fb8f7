"""What OpenTelemetry's exporters of logs send (OTLP/HTTP), in JSON or in Protocol Buffers. One log record is one event.

Read from the specification of OTLP 1.10, and tried with the exporters for Python 1.45 and JavaScript 0.223. The name of
an event is its record's event name, or the attribute `event.name`, or a text as its body. No other body is read.
"""

import re

from collector.programs.doors.facts import architecture_of, first_text, runtime_of, system_of, version_of
from collector.programs.doors.otlp_json import resources_in_json
from collector.programs.doors.otlp_protobuf import resources_in_protobuf
from collector.programs.doors.otlp_records import Attributes, Record
from collector.programs.doors.sent import Facts, Identity, Opened, SentEvent, text_of

EVENT_NAME = "event.name"
# Of a resource, these say something about its events. All others name machines, processes and people.
_ABOUT_EVENTS = ("process.exit.code", "error.type")
_READ = frozenset({"service.version", "os.type", "os.name", "host.arch", "service.instance.id", "app.installation.id"})
_OF_SDKS = re.compile(r"(?:telemetry\.|process\.runtime\.|service\.name$|service\.namespace$)")
# An SDK makes up such an id at each start of a process (UUID version 4), unless the program sets one.
_RANDOM_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)


def open_otlp(content: bytes, token: str, *, is_json: bool) -> Opened:
    """Open a request."""
    return Opened(token, lambda: _events(content, is_json=is_json))


def _events(content: bytes, *, is_json: bool) -> list[SentEvent]:
    resources = resources_in_json(content) if is_json else resources_in_protobuf(content)
    events: list[SentEvent] = []
    for resource in resources:
        identity, facts = _identity(resource.attributes), _facts(resource.attributes)
        about_events = {name: resource.attributes[name] for name in _ABOUT_EVENTS if name in resource.attributes}
        more = tuple(
            name for name in resource.attributes
            if name not in _READ and name not in about_events and not _OF_SDKS.match(name)
        )  # fmt: skip
        for record in resource.records:
            events.append(_event(record, identity, facts, about_events, more))
            more = ()
    return events


def _event(
    record: Record, identity: Identity | None, facts: Facts, about_events: Attributes, more: tuple[str, ...]
) -> SentEvent:
    properties = {**about_events, **record.attributes}
    named = properties.pop(EVENT_NAME, "")
    own_version = version_of(first_text(properties, "service.version"))
    name = record.name or text_of(named)
    return SentEvent(
        name=name or record.body,
        properties=properties,
        identity=_identity(record.attributes) or identity,
        at_us=record.at_ns // 1000,
        key=record.content if record.at_ns else None,
        has_id=False,
        facts=facts._replace(version=own_version) if own_version else facts,
        more=more,
        read=_READ,
        is_named=bool(name),
    )


def _identity(attributes: Attributes) -> Identity | None:
    """Return the id of an installation. One that an SDK makes up for each process is only that of a session."""
    if installation := first_text(attributes, "app.installation.id"):
        return Identity("installation", installation)
    instance = first_text(attributes, "service.instance.id")
    if not instance:
        return None
    return Identity("session" if _RANDOM_ID.fullmatch(instance) else "installation", instance)


def _facts(attributes: Attributes) -> Facts:
    name, version = first_text(attributes, "process.runtime.name"), first_text(attributes, "process.runtime.version")
    return Facts(
        version=version_of(first_text(attributes, "service.version")),
        os=system_of(first_text(attributes, "os.type", "os.name")),
        arch=architecture_of(first_text(attributes, "host.arch")),
        runtime=runtime_of(name, version) or runtime_of(first_text(attributes, "telemetry.sdk.language"), ""),
    )
