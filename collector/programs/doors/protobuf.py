"""Reads and writes the few forms of Protocol Buffers that logs of OpenTelemetry need (protobuf.dev, Encoding).

Not a general parser. The usual one is a compiled library of 1 MB with generated code, for three kinds of field.
"""

import struct
from collections.abc import Iterator

from collector.programs.wire import MalformedError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
_FIXED = {_FIXED64: 8, _FIXED32: 4}
Value = int | bytes


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Yield the number and the value of each field: an integer, or bytes, also for fixed widths. Raises MalformedError.

    It takes time in the length of the message, whatever that says.
    """
    position, length = 0, len(message)
    while position < length:
        key = message[position]
        position += 1
        if key >= 0x80:
            key, position = _varint(message, position - 1)
        number, kind = key >> 3, key & 7
        value: Value
        if kind == _BYTES:
            if position < length and message[position] < 0x80:
                size = message[position]
                position += 1
            else:
                size, position = _varint(message, position)
            value = message[position : position + size]
            if len(value) != size:
                raise _wrong()
            position += size
        elif kind == _VARINT:
            value, position = _varint(message, position)
        else:
            size = _FIXED.get(kind, 0)
            value = message[position : position + size]
            if not size or len(value) != size:
                raise _wrong()
            position += size
        yield number, value


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """Return an unsigned integer and the position after it."""
    value = 0
    for index, byte in enumerate(message[position : position + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position + index + 1
    raise _wrong()


def text_in(value: Value) -> str:
    """Return a field's text. What is not UTF-8 in it is replaced."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def signed(value: Value) -> int:
    """Return an `int64`."""
    number = value if isinstance(value, int) else 0
    return number - (1 << 64) if number >= 1 << 63 else number


def fixed64(value: Value) -> int:
    """Return a `fixed64`; 0 if the field has another form."""
    return int.from_bytes(value, "little") if isinstance(value, bytes) and len(value) == 8 else 0


def double(value: Value) -> float:
    """Return a `double`; 0 if the field has another form."""
    number: float = struct.unpack("<d", value)[0] if isinstance(value, bytes) and len(value) == 8 else 0.0
    return number


def written(number: int, content: bytes) -> bytes:
    """Return a field of bytes: a text, or a message in a message. `number` is at most 15."""
    size, length = b"", len(content)
    while length >= 0x80:
        size += bytes([length & 0x7F | 0x80])
        length >>= 7
    return bytes([number << 3 | _BYTES]) + size + bytes([length]) + content


def _wrong() -> MalformedError:
    return MalformedError("The body is not a message of Protocol Buffers.")
