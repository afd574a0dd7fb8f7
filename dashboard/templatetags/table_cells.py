"""Template filters that write numbers and days, and whole rows of tables, in the language of the page.

Rows are written in Python because a template would take ten times as long: a page has hundreds of cells.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboard import formatting
from dashboard.report.changes import no_earlier_data
from dashboard.report.charts import Chart, Point, so_far
from dashboard.report.hours import HoursCell
from dashboard.report.panels.panel import Panel, PanelRow
from dashboard.report.panels.world_map import WorldMap
from dashboard.report.program.events import EventDetails, PropertyValues
from dashboard.report.program.panel import UsagePanel, UsageRow
from dashboard.report.program.retention import RetentionCell

register = template.Library()
register.filter("exact", formatting.exact)
register.filter("percent", formatting.percent)
register.filter("day", formatting.day)

FUNNEL = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 3h12L9.5 8.5V13l-3-1.5v-3z"/></svg>'
FILLED = '<rect width="100%" height="100%"/>'


@register.filter
def cells(numbers: Iterable[int | None]) -> SafeString:
    """Write numbers as the cells of a table's row. None is a number that we can't know.

    A page has some 700 of them. In a template each would cost 30 µs for its lookups, localisation and escaping.
    """
    return SafeString(_number_cells(numbers, formatting.active()))


@register.filter
def points(chart: Chart) -> SafeString:
    """Write the rows of the table under a chart: a program's page has three charts of up to 400 points.

    Times of which nothing is known have no row.
    """
    language = formatting.active()
    earlier = chart.headings.index(chart.earlier_label) if chart.earlier else None
    return SafeString("".join([_point_row(point, language, earlier) for point in chart.points if not point.is_empty]))


@register.filter
def short(number: int) -> SafeString:
    """Write a number in short for the eye, and exactly for screen readers."""
    return SafeString(_short_and_exact(number, formatting.active()))


@register.filter
def shades(hours: Iterable[HoursCell]) -> SafeString:
    """Write the hours of a weekday as cells, each shaded by its visits."""
    return SafeString("".join([_shaded_cell(hour) for hour in hours]))


@register.filter
def ranked(panel: Panel) -> SafeString:
    """Write the rows of a panel. A page has a hundred of them; in a template each would cost 300 µs."""
    language, filter_label = formatting.active(), escape(_("Filter by %(value)s"))
    return SafeString("".join([_row(row, panel, language, filter_label) for row in panel.rows]))


@register.filter
def countries(world_map: WorldMap, outlines: str) -> SafeString:
    """Draw the countries of a map. `outlines` is the address of the file with their shapes."""
    visits, outlines = escape(_("Visits")), escape(outlines)
    return SafeString(
        "".join(
            [
                f'<use class="shape-{country.shade}" href="{outlines}#{escape(country.code)}"><title>'
                f"{escape(country.label)} · {visits}: {formatting.exact(country.visits)}</title></use>"
                for country in world_map.countries
            ]
        )
    )


@register.filter
def usage_rows(panel: UsagePanel) -> SafeString:
    """Write the rows that a view shows of a program's panel."""
    language = formatting.active()
    return SafeString(
        "".join(
            [_usage_row(row, language, has_share=panel.has_share, headings=panel.headings) for row in panel.shown_rows]
        )
    )


@register.filter
def property_rows(event: EventDetails) -> SafeString:
    """Write the properties of an event, each with its values: a page has fifty events of up to ten properties."""
    language, nothing = formatting.active(), escape(_("Nothing reported in this range."))
    return SafeString("".join([_property_rows(one, language, nothing) for one in event.properties]))


@register.filter
def weeks(cells: Iterable[RetentionCell]) -> SafeString:
    """Write the weeks of a cohort as cells, each shaded by its share."""
    return SafeString("".join([_week_cell(cell) for cell in cells]))


def _number_cells(numbers: Iterable[int | None], language: str) -> str:
    return "".join([_unknown_cell(language) if number is None else _cell(number, language) for number in numbers])


def _point_row(point: Point, language: str, earlier: int | None) -> str:
    """Write one point. `earlier` is the column of the earlier period. A time that has not come has empty cells."""
    marks = "".join([f' <span class="mark">{escape(mark)}</span>' for mark in point.marks])
    open_mark = f' <span class="detail">{escape(so_far())}</span>' if point.is_open else ""
    head = f'<th scope="row" title="{escape(point.full_title)}">{escape(point.label)}{open_mark}{marks}</th>'
    if None not in point.numbers:
        return f"<tr>{head}{_number_cells(point.numbers, language)}</tr>"
    cells = []
    for column, number in enumerate(point.numbers):
        if number is not None:
            cells.append(_cell(number, language))
        elif column == earlier:
            cells.append(_no_earlier_cell(language))
        else:
            cells.append("<td></td>" if point.visits is None else _unknown_cell(language))
    return f"<tr>{head}{''.join(cells)}</tr>"


def _cell(number: int, language: str) -> str:
    if number < 1000:
        return f"<td>{number}</td>"
    return f'<td title="{formatting.exact(number, language)}">{_short_and_exact(number, language)}</td>'


def _short_and_exact(number: int, language: str) -> str:
    in_short, exact = formatting.short(number, language), formatting.exact(number, language)
    if in_short == exact:
        return exact
    return f'<span aria-hidden="true">{in_short}</span><span class="visually-hidden exact">{exact}</span>'


@cache
def _no_earlier_cell(language: str) -> str:
    """Return the cell in `language`, which is the active one. It looks empty: a dash would mean unknown."""
    return format_html('<td title="{0}"><span class="visually-hidden">{0}</span></td>', no_earlier_data().words)


@cache
def _unknown_cell(language: str) -> str:
    """Return the cell in `language`, which is the active one."""
    return format_html(
        '<td class="unknown" title="{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></td>',
        _("Unknown: hidden by a proxy, opted out, or already counted that day"),
        formatting.UNSEEN,
        formatting.unknown(),
    )


def _shaded_cell(hour: HoursCell) -> str:
    return (
        f'<td class="shade-{hour.shade}" title="{escape(hour.title)}">'
        f'<span class="visually-hidden">{hour.visits}</span></td>'
    )


def _row(row: PanelRow, panel: Panel, language: str, filter_label: str) -> str:
    hint = f' title="{escape(row.hint)}"' if row.hint else ""
    unknown = "" if row.is_known else ' class="unknown"'
    trail = f'<td class="trail">{_trail(row)}</td>' if panel.has_sparklines else ""
    share = escape(formatting.percent(row.share, language))
    split = _split(row) if row.bands and not trail else ""
    return (
        f'<tr><th scope="row"{hint}{unknown}>{_row_head(row, filter_label)}{split}</th>{trail}'
        f'{_number_cells(panel.numbers(row), language)}<td class="share">{share}</td>{_extra_cells(row, panel)}</tr>'
    )


def _row_head(row: PanelRow, filter_label: str) -> str:
    """Write the bar, the colour and the label of a row, with its links. `filter_label` is a filter link's name."""
    colour = f' color="{escape(row.colour)}"' if row.colour else ""
    label = escape(row.label)
    head = f'<svg class="bar"{colour} aria-hidden="true"><rect width="{row.bar}" height="100%"/></svg>'
    if row.colour:
        head += f'<svg class="swatch"{colour} aria-hidden="true">{FILLED}</svg>'
    filter_by = f'href="{escape(row.filter_url)}" aria-label="{filter_label % {"value": label}}"'
    if row.url:
        head += f'<a href="{escape(row.url)}">{label}</a> '
        head += f'<a class="funnel" {filter_by} title="{filter_label % {"value": label}}">{FUNNEL}</a>'
    else:
        head += f"<a {filter_by}>{label}</a>" if row.filter_url else label
    if row.detail:
        head += f' <span class="detail">{escape(row.detail)}</span>'
    return head


def _extra_cells(row: PanelRow, panel: Panel) -> str:
    return "".join(
        [
            f'<td class="more" data-label="{escape(heading)}">{escape(cell)}</td>'
            for heading, cell in zip(panel.headings, row.cells, strict=True)
        ]
    )


def _trail(row: PanelRow) -> str:
    """Draw the days of an article, and under them its platforms, whose shares are also given in words."""
    if not row.bands:
        return ""
    return (
        '<svg class="sparkline" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
        f'<polyline points="{escape(row.sparkline.points)}"/>'
        f'<polyline class="so-far" points="{escape(row.sparkline.so_far)}"/></svg>{_split(row)}'
    )


def _split(row: PanelRow) -> str:
    """Draw the platforms of a row's visits as bands of one line, and write their shares for screen readers."""
    bands = "".join(
        [
            f'<rect class="band" color="{escape(band.colour)}" x="{band.start}" width="{band.width}" height="100%"/>'
            for band in row.bands
        ]
    )
    words = escape(formatting.enumerated(band.label for band in row.bands))
    return (
        f'<svg class="split" aria-hidden="true"><title>{words}</title>{bands}</svg>'
        f'<span class="visually-hidden">{words}</span>'
    )


def _property_rows(one: PropertyValues, language: str, nothing: str) -> str:
    name = escape(f"{one.name} ({one.unit})" if one.unit else one.name)
    reason = f'<span class="detail">{escape(one.reason)}</span>'
    rows = "".join([_usage_row(row, language) for row in one.rows])
    rows = rows or f'<tr><td colspan="3" class="nothing">{nothing}</td></tr>'
    return f'<tbody><tr class="property"><th scope="rowgroup" colspan="3">{name} {reason}</th></tr>{rows}</tbody>'


def _usage_row(row: UsageRow, language: str, *, has_share: bool = True, headings: Sequence[str] = ()) -> str:
    unknown = "" if row.is_known else ' class="unknown"'
    share = ""
    if has_share:
        share = f'<td class="share">{"" if row.share is None else escape(formatting.percent(row.share, language))}</td>'
    cells = "".join(
        [
            f'<td class="more" data-label="{escape(heading)}">{escape(cell)}</td>'
            for heading, cell in zip(headings, row.cells, strict=True)
        ]
    )
    return (
        f'<tr><th scope="row"{unknown}>{_usage_head(row)}</th>{_number_cells(row.numbers, language)}{share}{cells}</tr>'
    )


def _usage_head(row: UsageRow) -> str:
    """Write the bar and the label of a row, what it says beside it, and the line under it."""
    bar = f'<svg class="bar" aria-hidden="true"><rect width="{row.bar}" height="100%"/></svg>'
    detail = f' <span class="detail">{escape(row.detail)}</span>' if row.detail else ""
    caption = f'<span class="detail reason">{escape(row.caption)}</span>' if row.caption else ""
    label = f'<a href="{escape(row.url)}">{escape(row.label)}</a>' if row.url else escape(row.label)
    return f"{bar}{label}{detail}{caption}"


def _week_cell(cell: RetentionCell) -> str:
    open_week = "" if cell.is_over else " so-far"
    return f'<td class="shade-{cell.shade}{open_week}" title="{escape(cell.title)}">{cell.text}</td>'
