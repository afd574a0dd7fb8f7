"""A badge as data for other services, in the schema of Shields' endpoint badge (shields.io/badges/endpoint-badge)."""

from typing import Any

import msgspec

from collector.badges.svg import Badge

CACHE_SECONDS = 300  # the least that Shields accepts


def endpoint_document(badge: Badge, *, is_error: bool) -> bytes:
    """Return the JSON of a badge. A logo is named only: Shields has it too."""
    document: dict[str, Any] = {
        "schemaVersion": 1,
        "label": badge.label,
        "message": badge.message,
        "color": badge.color,
        "labelColor": badge.label_color,
        "style": badge.style,
        "cacheSeconds": CACHE_SECONDS,
    }
    if is_error:
        document["isError"] = True
    if badge.logo:
        document["namedLogo"] = badge.logo
        document |= {"logoColor": badge.logo_color} if badge.logo_color else {}
    return msgspec.json.encode(document)
