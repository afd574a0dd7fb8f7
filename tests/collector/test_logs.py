import json
import logging
import subprocess
import sys

import pytest

from collector.logs import LINES, MAX_LINE, SECONDS, FloodFilter, JsonFormatter
from tests.clock import Clock
from tests.server import ROOT, environment

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


@pytest.mark.parametrize(("status", "has_traceback"), [(400, False), (403, False), (404, False), (500, True)])
def test_only_what_failed_has_a_traceback(status, has_traceback):
    record = logging.LogRecord("django.security.TooManyFieldsSent", logging.ERROR, "", 0, "x", (), ERROR)
    record.status_code = status
    assert FloodFilter(Clock()).filter(record)
    assert (record.exc_info is not None) == has_traceback


def test_a_flood_hides_nothing_else():
    flood = FloodFilter(Clock())
    for _ in range(1000):
        logged(flood, "django.request", "Not Found")
        logged(flood, "django.request", "Service Unavailable", logging.ERROR)

    assert logged(flood, "django.request", "Internal Server Error", logging.ERROR, ERROR)
    assert logged(flood, "django.security.DisallowedHost", "Invalid HTTP_HOST header", logging.ERROR)
    assert all(logged(flood, "collector.spool.losses", "Lost hits", logging.ERROR) for _ in range(1000))


def test_a_json_line_has_one_object_without_keys_whatever_the_message_is():
    try:
        raise ValueError("/share/abc/")
    except ValueError:
        error = sys.exc_info()
    paths = ("/share/abc/?a\n{“ /invitation/abc/ /reset/1-abc-d/ /Share/abc /account/email/a:b_c:d/",)
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Not Found: %s", paths, error)
    record.created = 1_796_000_000.5

    line = JsonFormatter().format(record)

    fields = json.loads(line)
    assert line.isprintable()
    assert fields.pop("traceback").endswith("ValueError: /share/…/")
    assert fields == {
        "time": "2026-11-30T00:53:20.500+00:00",
        "level": "ERROR",
        "logger": "django.request",
        "message": "Not Found: /share/…/?a\n{“ /invitation/…/ /reset/…/ /Share/… /account/email/…/",
    }


def test_errors_that_nobody_caught_are_lines_of_json_too(tmp_path):
    code = "import django; django.setup(); import threading; threading.Thread(target=lambda: 1 / 0).start(); 1 + 'a'"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path, LOG_FORMAT="json"), cwd=ROOT, capture_output=True
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {(line["message"], line["traceback"].splitlines()[-1].partition(":")[0]) for line in lines} == {
        ("A thread ends.", "ZeroDivisionError"),
        ("The process ends.", "TypeError"),
    }
    assert (done.returncode, done.stdout) == (1, b"")
