"""ISO weeks, as cohorts are named: `2026-W31`, or by their Monday."""

from datetime import date, timedelta


def monday_of(day: date) -> date:
    """Return the first day of the week that `day` lies in."""
    return day - timedelta(days=day.weekday())


def week_of(day: date) -> str:
    """Return the name of the week that `day` lies in. Names sort like their days."""
    year, week, _ = day.isocalendar()
    return f"{year:04}-W{week:02}"


def monday_of_week(name: str) -> date:
    """Return the first day of a named week. Raises ValueError if there is no such week."""
    return date.fromisocalendar(int(name[:4]), int(name[-2:]), 1)


def weeks_between(first: date, last: date) -> list[date]:
    """Return the Mondays from the week of `first` to that of `last`."""
    monday = monday_of(first)
    return [monday + timedelta(weeks=number) for number in range((monday_of(last) - monday).days // 7 + 1)]
