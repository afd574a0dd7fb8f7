"""Filters that set numbers and days: short to read, exact on demand, in the language of the page."""

from collections.abc import Iterable
from functools import cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dashboard import labels

register = template.Library()
register.filter("short", labels.short)
register.filter("exact", labels.exact)
register.filter("percent", labels.percent)
register.filter("day", labels.day)


@register.filter
def cells(numbers: Iterable[int | None]) -> SafeString:
    """Set numbers as the cells of a table's row; None is what we can't know.

    A page has some 700 of them: in a template each would cost 30 µs for its lookups, localisation and escaping.
    """
    language = labels.active()
    return SafeString(
        "".join([_unknown_cell(language) if number is None else _cell(number, language) for number in numbers])
    )


def _cell(number: int, language: str) -> str:
    if number < 1000:
        return f"<td>{number}</td>"
    return f'<td title="{labels.exact(number, language)}">{labels.short(number, language)}</td>'


@cache
def _unknown_cell(language: str) -> str:
    """Return the cell in `language`, which is the active one."""
    return format_html(
        '<td class="unknown" title="{}"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></td>',
        _("Unknown: hidden by a proxy, opted out, or counted already that day"),
        labels.UNSEEN,
        labels.unknown(),
    )
