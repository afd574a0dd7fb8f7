"""The picker of badges: what the query string says, a preview, and what to paste for it.

The form's fields have the names of the badge's own query, so that an address of one is an address of the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple
from urllib.parse import quote, urlencode

from django.http import QueryDict
from django.urls import get_script_prefix
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.badges.colours import SHIELDS
from collector.badges.logos import logos
from collector.badges.message import label_of
from collector.badges.options import OF_ARTICLES, OF_PROGRAMS, RANGES, STYLES, Options, options_of
from collector.classify.platforms import platform_name
from collector.models import Kind, Pixel
from collector.programs.declaring import is_declared
from collector.snippets import FORMS

OPENED = "badge"  # also the id of what the form changes
PLACEMENT = "on"
FIELDS = ("show", "range", "style", "label", "color", "labelColor", "logo", "base", "count")
MAX_VALUE = 200  # characters of a field
SHOWS = {
    "visits": gettext_lazy("Visits"),
    "visitors": gettext_lazy("Visitors"),
    "installations": gettext_lazy("Installations"),
    "version": gettext_lazy("Newest version"),
    "newest-share": gettext_lazy("On the newest version"),
}
RANGE_NAMES = {"all": gettext_lazy("All"), "30d": gettext_lazy("30 days"), "7d": gettext_lazy("7 days")}


class Choice(NamedTuple):
    """One value to choose."""

    value: str
    name: str
    is_chosen: bool


class Text(NamedTuple):
    """What to paste in one format."""

    form: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class BadgePicker:
    """What the picker shows. `values` are those of the text fields; `kept` are fields of the page beside the form.

    `preview` is the address of the badge that does not count. `is_private` tells that an article's badge shows no
    number until its owner says so.
    """

    values: dict[str, str]
    shows: Sequence[Choice]
    ranges: Sequence[Choice]
    styles: Sequence[Choice]
    placements: Sequence[Choice]
    colours: Sequence[str]
    logos: Sequence[str]
    kept: Sequence[tuple[str, str]]
    preview: str
    alt: str
    texts: Sequence[Text]
    is_opened: bool
    is_program: bool
    is_private: bool


def badge_picker(query: QueryDict, pixel: Pixel, base: str) -> BadgePicker:
    """Return the picker for a pixel. One query for a program, else none. Never fails."""
    is_program = is_declared(pixel)
    values = {name: str(query[name])[:MAX_VALUE] for name in FIELDS if query.get(name, "").strip()}
    options = options_of(urlencode(values).encode())
    shows = OF_PROGRAMS if is_program else OF_ARTICLES
    show = options.show if options.show in shows else shows[0]
    placement = query.get(PLACEMENT, "")
    placement = placement if placement in pixel.placements else ""
    address = _query_of(values, options, show, is_program=is_program)
    place = f"p/{pixel.token}/{placement}/badge" if placement else f"p/{pixel.token}/badge"
    label = label_of(options_of(address.encode()), is_program=is_program)
    return BadgePicker(
        values=values,
        shows=[Choice(value, str(SHOWS[value]), value == show) for value in shows],
        ranges=[Choice(value, str(RANGE_NAMES[value]), value == options.range) for value in RANGES],
        styles=[Choice(value, value, value == options.style) for value in STYLES],
        placements=[Choice(value, platform_name(value), value == placement) for value in pixel.placements],
        colours=sorted(set(SHIELDS)),
        logos=sorted(logos()),
        kept=[(name, value) for name in ("platform", "own") for value in query.getlist(name)],
        preview=f"{get_script_prefix()}{place}.svg?{_joined(address, 'count=0')}",
        alt=label,
        texts=_texts(f"{base}/{place}", address, label),
        is_opened=OPENED in query or bool(values) or is_program or pixel.kind == Kind.README,
        is_program=is_program,
        is_private=not is_program and not pixel.has_public_badge,
    )


def _query_of(values: dict[str, str], options: Options, show: str, *, is_program: bool) -> str:
    """Return the query of the badge: what it shows, and each other field that says something, as it was written."""
    says_something = {
        "range": options.range != RANGES[0] and not is_program,
        "style": options.style != STYLES[0],
        "label": options.label,
        "color": options.color,
        "labelColor": options.label_color,
        "logo": options.logo,
        "base": options.base and not is_program,
        "count": not options.counts and not is_program,
    }
    chosen = {"show": show} | {name: values[name].strip() for name, says in says_something.items() if says}
    return urlencode(chosen, quote_via=quote)


def _joined(query: str, more: str) -> str:
    return query if more in query.split("&") else f"{query}&{more}"


def _texts(stem: str, query: str, label: str) -> list[Text]:
    """Return what to paste. Markdown is first, as READMEs are written in it."""
    url = f"{stem}.svg?{query}"
    data = f"https://img.shields.io/endpoint?url={quote(f'{stem}.json?{query}', safe='')}"
    in_markdown = label.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    in_asciidoc = label.replace('"', '\\"')
    return [
        Text("badge-markdown", str(FORMS["markdown"]), f"![{in_markdown}]({url})"),
        Text("badge-html", str(FORMS["html"]), f'<img src="{escape(url)}" alt="{escape(label)}">'),
        Text("badge-rst", str(FORMS["rst"]), f".. image:: {url}\n   :alt: {label}"),
        Text("badge-asciidoc", "AsciiDoc", f'image:{url}["{in_asciidoc}"]'),
        Text("badge-url", str(FORMS["url"]), url),
        Text("badge-shields", _("Through Shields"), data),
    ]
