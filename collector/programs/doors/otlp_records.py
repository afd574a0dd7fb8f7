"""Log records of OpenTelemetry, as they are read from either of their two forms."""

from collections.abc import Mapping
from typing import NamedTuple

MAX_ATTRIBUTES = 128  # of one record or resource that are read: as many as SDKs send (OpenTelemetry, Limits)
MAX_PARTS = 100  # resources of one request, and scopes of one resource
AttributeValue = str | bool | int | float
Attributes = Mapping[str, AttributeValue]  # lists and tables are left out: no declared property has one


class Record(NamedTuple):
    """One log record. `at_ns` is in nanoseconds since the epoch, `body` its text, `content` all that was sent of it."""

    name: str
    body: str
    at_ns: int
    attributes: Attributes
    content: bytes


class Resource(NamedTuple):
    """What sent log records, and these."""

    attributes: Attributes
    records: list[Record]
