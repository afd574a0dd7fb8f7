"""The language that an `Accept-Language` header names."""

import re
from functools import lru_cache

CACHE_SIZE = 4096  # values of the header
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z0-9])")


@lru_cache(CACHE_SIZE)
def language_of(accept_language: bytes) -> str:
    """Return the first language of `Accept-Language` (RFC 9110, 12.5.4) without its region: de for de-CH."""
    match = _LANGUAGE.match(accept_language.decode("utf-8", "replace"))
    return match[0].lower() if match else ""
