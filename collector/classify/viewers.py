"""Sites that show pages of other sites: translators, caches, archives, readers. What they show is the original.

`catalogues/viewers.tsv` says which of them name the original in their address, and in which form.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from collector.classify.domains import MAX_HOST, plain_host
from collector.classify.platforms import named_platform_of_host, named_platforms

MAX_NESTED = 3  # such as a translation of an archived page
_CATALOGUE = Path(__file__).with_name("catalogues") / "viewers.tsv"
_LONGEST_LABEL = 63  # characters (RFC 1035, 2.3.4)
_ORIGINAL = r"(?P<host>(?:[a-z0-9_-]+\.)+(?:xn--[a-z0-9-]+|[a-z]{2,}))(?::(?:80|443))?"
_REST = r"(?P<path>/.*)?"
_SCHEME = r"https?:/{1,2}"  # some merge the two slashes
_TIME = r"(?:\d{4,14}(?:[a-z]{2}_)?|\d{4}-\d{4}-\d{4}-\d{2}|\d{4}\.\d{2}\.\d{2}-\d{6})"
_ENCODED_URL = re.compile(r"/https?%3A(?:/|%2F)", re.IGNORECASE)
_QUERY = re.compile(r"[?#].*", re.DOTALL)
# Where the path of such a page has the original, by form. What follows is the path of the original.
_IN_PATH = {
    form: re.compile(pattern + _REST, re.IGNORECASE | re.DOTALL)
    for form, pattern in {
        "amp": rf"^/(?:c|v|wp|amp)/(?:s/)?{_ORIGINAL}",
        "dated": rf"/{_TIME}/(?:{_SCHEME})?{_ORIGINAL}",
        "inside": rf"/{_SCHEME}{_ORIGINAL}",
        "proxied": rf"^/proxy_u/[^/]+/https?/{_ORIGINAL}",
        "turbo": rf"^/turbo/s/{_ORIGINAL}",
        "turbo-host": rf"^(?:/turbo)?/{_ORIGINAL}/[snh](?=/|$)",
    }.items()
}


class ViewerForm(NamedTuple):
    """One line of viewers.tsv. `page` is an example, and `original` the page that it shows."""

    slug: str
    form: str
    page: str
    original: str
    source: str


@cache
def viewer_forms() -> tuple[ViewerForm, ...]:
    """Return the lines of viewers.tsv, in their order."""
    lines = _CATALOGUE.read_text("utf-8").splitlines()
    return tuple(ViewerForm(*line.split("\t")) for line in lines if line and not line.startswith("#"))


@cache
def _forms_by_slug() -> dict[str, list[str]]:
    forms: dict[str, list[str]] = {}
    for line in viewer_forms():
        forms.setdefault(line.slug, []).append(line.form)
    return forms


def original_of(host: str, path: str) -> tuple[str, str]:
    """Return host and path of the page that the page of `host` and `path` shows: the same if it shows none, or if its
    address doesn't say which.
    """
    for _ in range(MAX_NESTED):
        forms = _forms_by_slug().get(named_platform_of_host(host), ())
        original = next(filter(None, (_original(form, host, path) for form in forms)), None)
        if original is None:
            break
        host, path = original
    return host, path


def spellings(host: str) -> set[str]:
    """Return strings, one of which is in the address of each page that is of `host` or shown as one of it."""
    dashed = host.replace("-", "--").replace(".", "-")
    fixed = {shown for form in viewer_forms() if form.form == host for shown in named_platforms()[form.slug].hosts}
    return {host, dashed.removeprefix("xn----"), *fixed}


def _original(form: str, host: str, path: str) -> tuple[str, str] | None:
    if form in _UNDASHED:
        original = _UNDASHED[form](host.partition(".")[0])
        return (original, path if form == "dashed" else "/") if original else None
    if "." in form:
        return form, path
    match = _IN_PATH[form].search(unquote(path) if _ENCODED_URL.search(path) else path)
    if match is None or len(match["host"]) > MAX_HOST:
        return None
    path = _QUERY.sub("", match["path"] or "")  # of an encoded address; that of a plain one was dropped before
    return match["host"].lower(), path or "/"


def _host_in_translation(label: str) -> str:
    """Return the host that Google Translate writes as one label; empty if it can't be known.

    It writes `xn--` as `0-` (Google Search Central, Enabling your ad network for translation-related features), and
    moves the beginning of a longer host to the query, which is dropped.
    """
    if len(label) >= _LONGEST_LABEL:
        return ""
    return _host(f"xn--{_undashed(label[2:])}" if label.startswith("0-") else _undashed(label))


def _host_in_cache(label: str) -> str:
    """Return the host that an AMP cache writes as one label; empty if it is a hash, as of a long host.

    The label is in Unicode before it becomes one of DNS; `0-` and `-0` are around one that would look like punycode
    (amp.dev, AMP Cache URL format).
    """
    if label.startswith("0-") and label.endswith("-0"):
        label = label[2:-2]
    if label.startswith("xn--"):
        try:
            return _host(plain_host(_undashed(label[4:].encode().decode("punycode"))))
        except UnicodeError:
            return ""
    return _host(_undashed(label))


_UNDASHED = {"dashed": _host_in_translation, "dashed-host": _host_in_cache}


def _undashed(label: str) -> str:
    """Return a label with `-` as `.` and `--` as `-`."""
    return re.sub(r"(?<!-)-(?!-)", ".", label).replace("--", "-")


def _host(text: str) -> str:
    return text if re.fullmatch(_ORIGINAL, text) else ""
