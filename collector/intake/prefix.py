"""The path in PUBLIC_URL, such as `/footfall`: the site's pages, pixels and static files lie below it.

A reverse proxy may remove it from the paths that it passes on, or not. We take both, and trust no header for it. A
system check (`collector.E002`) keeps it from being the beginning of a path of ours.
"""

from django.conf import settings


def prefix() -> str:
    """Return the prefix, which begins with a slash and does not end with one, or an empty string."""
    return settings.FORCE_SCRIPT_NAME or ""


def without_prefix(path: str) -> str:
    """Return a path without the prefix, if it has it. The prefix alone becomes an empty string, which is no page."""
    before = prefix()
    if before and (path == before or path.startswith(f"{before}/")):
        return path[len(before) :]
    return path


def public_path(path: str) -> str:
    """Return the path that clients see, of a path with or without the prefix."""
    return prefix() + without_prefix(path)
