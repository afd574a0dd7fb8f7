"""How much data a sentence needs before it may claim something of readers in general.

A number says what was counted, and needs no minimum. A claim such as "busiest hour: nine" would be chance if a few
visits came at nine. Other claims have minimums of their own, beside what they say: the median reading time
(`panels.reading_time`), retention and adoption (`program`), and articles that are unusually quiet (`quiet`).
"""

from datetime import date

from dashboard.visits.periods import Period

FEWEST_VISITS = 50
FEWEST_DAYS = 7  # every day of the week has a say


def may_claim(visits: int, days: int) -> bool:
    """Tell whether so many visits over so many measured days are enough."""
    return visits >= FEWEST_VISITS and days >= FEWEST_DAYS


def measured_days(period: Period, first_day: date | None) -> list[date]:
    """Return the days of a period from that of the first visit on."""
    return [day for day in period.dates() if first_day is not None and day >= first_day]
