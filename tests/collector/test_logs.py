import logging

from collector.logs import LINES, MAX_LINE, SECONDS, FloodFilter
from tests.clock import Clock

ERROR = (ValueError, ValueError("x"), None)


def logged(flood: FloodFilter, name: str, message: str, level: int = logging.WARNING, exc_info=None) -> list[str]:
    record = logging.LogRecord(name, level, "", 0, "%s: %s", (message, "/a"), exc_info)
    return [record.getMessage()] if flood.filter(record) else []


def test_a_stranger_can_not_fill_the_log(settings):
    assert settings.LOGGING["handlers"]["stderr"]["filters"] == ["floods"]
    clock = Clock()
    flood = FloodFilter(clock)
    lines = [logged(flood, "django.request", "Not Found") for _ in range(1000)]
    assert lines == [["Not Found: /a"]] * LINES + [[]] * (1000 - LINES)

    clock.now += SECONDS
    assert logged(flood, "django.request", "Not Found") == [
        f"Not Found: /a (Left out before this: {1000 - LINES} lines.)"
    ]
    assert logged(flood, "django.request", "Not Found") == ["Not Found: /a"]


def test_a_long_line_of_a_stranger_is_cut():
    [line] = logged(FloodFilter(Clock()), "django.security.DisallowedHost", "Invalid HTTP_HOST header: " + "x" * 64_000)
    assert (len(line), line[-2:]) == (MAX_LINE + 1, "x…")


def test_a_flood_hides_nothing_else():
    flood = FloodFilter(Clock())
    for _ in range(1000):
        logged(flood, "django.request", "Not Found")
        logged(flood, "django.request", "Service Unavailable", logging.ERROR)

    assert logged(flood, "django.request", "Internal Server Error", logging.ERROR, ERROR)
    assert logged(flood, "django.security.DisallowedHost", "Invalid HTTP_HOST header", logging.ERROR)
    assert all(logged(flood, "collector.spool.losses", "Lost hits", logging.ERROR) for _ in range(1000))
