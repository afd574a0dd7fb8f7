"""One request, as all entry points pass it on."""

from collections.abc import Mapping

import msgspec


class PixelRequest(msgspec.Struct, frozen=True):
    """One request, independent of any web framework. Header names are lower case; `peer` is the socket's address.

    `query` is what follows `?` in the request's target.
    """

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    peer: str
    query: bytes = b""
