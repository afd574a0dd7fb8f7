"""Filters that set numbers: short to read, exact on demand."""

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString

from dashboard import labels

register = template.Library()
register.filter("short", labels.short)
register.filter("percent", labels.percent)

UNKNOWN_CELL = (
    '<td class="unknown" title="Unknown: hidden by a proxy, opted out, or counted already that day">'
    f'<span aria-hidden="true">{labels.UNSEEN}</span><span class="visually-hidden">unknown</span></td>'
)


@register.filter
def cells(numbers: Iterable[int | None]) -> SafeString:
    """Set numbers as the cells of a table's row; None is what we can't know.

    A page has some 700 of them: in a template each would cost 30 µs for its lookups, localisation and escaping.
    """
    return SafeString("".join([UNKNOWN_CELL if number is None else _cell(number) for number in numbers]))


def _cell(number: int) -> str:
    return f'<td title="{number:,}">{labels.short(number)}</td>' if number > 999 else f"<td>{number}</td>"
