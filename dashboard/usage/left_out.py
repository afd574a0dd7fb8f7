"""Which reports are left out of all figures, and which days stand out."""

from datetime import date, datetime
from typing import NamedTuple

import msgspec
from django.contrib.auth.models import User
from django.db.models import Q, Sum

from collector.models import LeftOut, LeftOutCount, Pixel, ReportDimension
from collector.models.left_out import EXCESS

MAX_ROWS = 200  # the latest ones
MadeUpOf = list[tuple[str, str, int]]  # field, value and installations


class LeftOutDay(NamedTuple):
    """Some reports of a day, as `LeftOut` has them. `reports` is None where nobody counted them."""

    day: date
    what: str
    is_out: bool
    is_pending: bool
    reason: str
    decided_at: datetime | None
    decided_by: str
    reports: int | None
    usual: int | None
    made_up_of: MadeUpOf


def left_out_days(pixel: Pixel, start: date, end: date, undecided_since: date) -> list[LeftOutDay]:
    """Return what stands out or is left out in these days, the latest first. One query, or three if there is any.

    Of days from `undecided_since` on, also what nobody has decided about, whichever days these are.
    """
    of_pixel = {"project_id": pixel.project_id, "pixel_id": pixel.pk}
    is_undecided = Q(date__gte=undecided_since, decided_at=None) & ~Q(what=EXCESS)
    rows = LeftOut.objects.filter(Q(date__gte=start, date__lt=end) | is_undecided, **of_pixel)
    columns = (
        "date", "what", "is_out", "is_pending", "reason", "decided_at", "decided_by_id", "reports", "usual",
        "made_up_of",
    )  # fmt: skip
    found = list(rows.order_by("-date", "what").values_list(*columns)[:MAX_ROWS])
    if not found:
        return []
    counts = LeftOutCount.objects.filter(
        **of_pixel, day__in={row[0] for row in found}, what__in={row[1] for row in found},
        dimension=ReportDimension.ACTIVE,
    )  # fmt: skip
    sums = counts.values("day", "what").annotate(sum=Sum("reports")).values_list("day", "what", "sum")
    left_out = {(day, what): reports for day, what, reports in sums}
    # Not by a join: on a cluster, users are in another place.
    users = {row[6] for row in found if row[6]}
    names = dict(User.objects.filter(pk__in=users).values_list("pk", "username")) if users else {}
    return [
        LeftOutDay(
            day, what, is_out, is_pending, reason, decided_at, names.get(decided_by, ""),
            left_out.get((day, what), reports), usual, msgspec.json.decode(made_up_of, type=MadeUpOf),
        )
        for day, what, is_out, is_pending, reason, decided_at, decided_by, reports, usual, made_up_of in found
    ]  # fmt: skip
