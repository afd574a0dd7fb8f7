"""What was released when, as feeds and registries say it.

It reads the Atom and RSS feeds of releases and tags (GitHub, GitLab, Gitea and Forgejo such as Codeberg, PyPI), the
JSON of a package on PyPI (`/pypi/NAME/json`) and in npm's registry (`/NAME`), and the lists of releases that the APIs
of GitHub, GitLab and Gitea return. What is no version of ours, such as the tag `nightly`, is left out.
"""

import email.utils
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import msgspec

from collector.programs.forms import MAX_VERSION, VERSION

MAX_RELEASES = 2_000  # of one program; the latest ones
_ATOM = "{http://www.w3.org/2005/Atom}"
# What stands before a version in a tag: v2.4.1, release-2.4.1, paperclip@2.4.1. Never a part of a number.
_TAG = re.compile(rf"(?:(?!v?[0-9])[\w.@-]*[-_@ ])?v?({VERSION.pattern})(?:\+.*)?", re.IGNORECASE | re.ASCII)
_MARKUP_DECLARATION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MOMENTS = ("published_at", "released_at", "created_at")
Releases = Mapping[str, date]
Found = Iterator[tuple[str, object]]  # a tag or a version, and the text of a moment


class UnreadableError(ValueError):
    """A text says nothing about releases that we can read."""


def read_releases(content: bytes) -> dict[str, date]:
    """Return the day of each release that a feed or a registry's answer names. Raises UnreadableError.

    A version that is named twice was released on the first day.
    """
    text = content.decode("utf-8-sig", "replace").strip()
    found = _in_json(text) if text.startswith(("{", "[")) else _in_xml(text)
    releases: dict[str, date] = {}
    for tag, moment in found:
        version, day = version_in(tag), _day(moment)
        if version and day:
            releases[version] = min(day, releases.get(version, day))
    if not releases:
        raise UnreadableError("It names no releases. Use a feed of releases or tags, or the JSON of PyPI or npm.")
    return releases


def version_in(tag: str) -> str:
    """Return the version that a tag, a title or the end of an address names, an empty text if none."""
    match = _TAG.fullmatch(tag.strip())
    return match[1] if match and len(match[1]) <= MAX_VERSION else ""


def merged(stored: Releases, new: Releases) -> dict[str, date]:
    """Return the releases of both, each with its first day; of too many, the latest. A feed names only some."""
    days = {version: min(day for day in (stored.get(version), new.get(version)) if day) for version in {*stored, *new}}
    latest = sorted(days, key=lambda version: (days[version], version), reverse=True)[:MAX_RELEASES]
    return {version: days[version] for version in reversed(latest)}


def as_stored(releases: Releases) -> str:
    """Return releases as `Declaration.releases` has them."""
    return msgspec.json.encode({version: day.isoformat() for version, day in releases.items()}).decode()


@lru_cache(maxsize=256)
def stored_releases(text: str) -> Releases:
    """Return what `as_stored` has written; nothing from an empty text."""
    return {version: date.fromisoformat(day) for version, day in msgspec.json.decode(text or "{}").items()}


def _in_json(text: str) -> Found:
    try:
        content = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        raise UnreadableError("It is not valid JSON.") from None
    if isinstance(content, list):
        return _in_list(content)
    if isinstance(content.get("releases"), dict):
        return _in_pypi(content["releases"])
    return _in_npm(content)


def _in_list(content: list[Any]) -> Found:
    for release in content:
        if isinstance(release, dict) and not release.get("draft"):
            moment = next((release[key] for key in _MOMENTS if release.get(key)), "")
            yield str(release.get("tag_name", "")), moment


def _in_pypi(releases: Mapping[str, Any]) -> Found:
    for version, files in releases.items():
        for file in files if isinstance(files, list) else ():
            if isinstance(file, dict):
                yield version, file.get("upload_time_iso_8601") or file.get("upload_time", "")


def _in_npm(content: Mapping[str, Any]) -> Found:
    times, versions = content.get("time"), content.get("versions")
    if isinstance(times, dict) and isinstance(versions, dict):  # what was unpublished has a time, but is no version
        for version in versions:
            yield version, times.get(version, "")


def _in_xml(text: str) -> Found:
    if _MARKUP_DECLARATION.search(text):  # no feed needs one, and entities can grow to gigabytes
        raise UnreadableError("It has a document type, which no feed needs.")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (without declarations, there are no entities)
    except (ElementTree.ParseError, RecursionError):
        raise UnreadableError("It is neither JSON nor a feed in XML.") from None
    for entry in root.iter(f"{_ATOM}entry"):
        links = [link.get("href", "") for link in entry.iter(f"{_ATOM}link")]
        moment = entry.findtext(f"{_ATOM}published") or entry.findtext(f"{_ATOM}updated") or ""
        yield _tag_of(links, entry.findtext(f"{_ATOM}title") or ""), moment
    for item in root.iter("item"):
        yield _tag_of([item.findtext("link") or ""], item.findtext("title") or ""), item.findtext("pubDate") or ""


def _tag_of(links: list[str], title: str) -> str:
    """Return the end of an address that names a version: a title may be any text. Else the title."""
    for link in links:
        end = unquote(urlsplit(link).path.rstrip("/").rpartition("/")[2])
        if version_in(end):
            return end
    return title


def _day(moment: object) -> date | None:
    """Return the UTC day of a moment in ISO 8601 or RFC 5322."""
    if not isinstance(moment, str):
        return None
    for parse in (datetime.fromisoformat, email.utils.parsedate_to_datetime):
        if day := _parsed(parse, moment):
            return day
    return None


def _parsed(parse: Callable[[str], datetime], moment: str) -> date | None:
    try:
        parsed = parse(moment)
        return (parsed.astimezone(UTC) if parsed.tzinfo else parsed).date()
    except (ValueError, OverflowError):
        return None
