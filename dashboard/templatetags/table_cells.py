"""Filters that set numbers and days: short to read, exact on demand, in the language of the page."""

from collections.abc import Iterable
from functools import cache
from html import escape

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboard import formatting
from dashboard.report.hours import HoursCell
from dashboard.report.panels.panel import Panel, PanelRow

register = template.Library()
register.filter("short", formatting.short)
register.filter("exact", formatting.exact)
register.filter("percent", formatting.percent)
register.filter("day", formatting.day)


@register.filter
def cells(numbers: Iterable[int | None]) -> SafeString:
    """Set numbers as the cells of a table's row; None is what we can't know.

    A page has some 700 of them: in a template each would cost 30 µs for its lookups, localisation and escaping.
    """
    return SafeString(_cells(numbers, formatting.active()))


def _cells(numbers: Iterable[int | None], language: str) -> str:
    return "".join([_unknown_cell(language) if number is None else _cell(number, language) for number in numbers])


def _cell(number: int, language: str) -> str:
    if number < 1000:
        return f"<td>{number}</td>"
    return f'<td title="{formatting.exact(number, language)}">{formatting.short(number, language)}</td>'


@cache
def _unknown_cell(language: str) -> str:
    """Return the cell in `language`, which is the active one."""
    return format_html(
        '<td class="unknown" title="{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></td>',
        _("Unknown: hidden by a proxy, opted out, or counted already that day"),
        formatting.UNSEEN,
        formatting.unknown(),
    )


@register.filter
def shades(line: Iterable[HoursCell]) -> SafeString:
    """Set the hours of a weekday as cells, each shaded by how many visits it had."""
    return SafeString(
        "".join(
            [
                f'<td class="shade-{cell.shade}" title="{escape(cell.title)}">'
                f'<span class="visually-hidden">{cell.visits}</span></td>'
                for cell in line
            ]
        )
    )


@register.filter
def ranked(panel: Panel) -> SafeString:
    """Set the rows of a panel. A page has a hundred of them: in a template each would cost 300 µs."""
    language, word = formatting.active(), escape(_("Open"))
    return SafeString("".join([_ranked(row, panel, language, word) for row in panel.rows]))


def _ranked(row: PanelRow, panel: Panel, language: str, word_for_open: str) -> str:
    colour = f' color="{escape(row.colour)}"' if row.colour else ""
    box = '<rect width="100%" height="100%"/></svg>'
    head = f'<svg class="bar"{colour} aria-hidden="true"><rect width="{row.bar}" height="100%"/></svg>'
    if row.colour:
        head += f'<svg class="swatch"{colour} aria-hidden="true">{box}'
    label = escape(row.label)
    head += f'<a href="{escape(row.filter_url)}">{label}</a>' if row.filter_url else label
    if row.url:
        named = f'{word_for_open}<span class="visually-hidden"> {label}</span>'
        head += f' <a class="open" href="{escape(row.url)}">{named}</a>'
    if row.detail:
        head += f' <span class="detail">{escape(row.detail)}</span>'
    title = f' title="{escape(row.hint)}"' if row.hint else ""
    classes = "" if row.is_known else ' class="unknown"'
    named_cells = zip(panel.headings, row.cells, strict=True)
    more = "".join([f'<td class="more" data-label="{escape(name)}">{escape(cell)}</td>' for name, cell in named_cells])
    trail = f'<td class="trail">{_trail(row)}</td>' if panel.has_sparklines else ""
    return (
        f'<tr><th scope="row"{title}{classes}>{head}</th>{trail}{_cells(row.numbers, language)}'
        f'<td class="share">{escape(formatting.percent(row.share, language))}</td>{more}</tr>'
    )


def _trail(row: PanelRow) -> str:
    """Draw the days of an article, and below them its platforms, whose shares are also said in words."""
    if not row.bands:
        return ""
    spark = '<svg class="sparkline" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
    bands = "".join(
        [
            f'<rect class="band" color="{escape(band.colour)}" x="{band.start}" width="{band.width}" height="100%"/>'
            for band in row.bands
        ]
    )
    words = escape(formatting.enumerated(band.label for band in row.bands))
    split = f'<svg class="split" aria-hidden="true"><title>{words}</title>{bands}</svg>'
    return f'{spark}<polyline points="{row.sparkline}"/></svg>{split}<span class="visually-hidden">{words}</span>'
