"""What follows from a PUBLIC_URL that begins with https: cookies, and what browsers are told (HSTS)."""

import json
import subprocess
import sys

import pytest
from django.test import Client

from tests.server import ROOT, environment

SHOW = """
import json
from telemetry_site import settings
print(json.dumps([getattr(settings, name) for name in (
    "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "LANGUAGE_COOKIE_SECURE", "SECURE_HSTS_SECONDS")]))
"""


def started(tmp_path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a process of their own."""
    command = [sys.executable, "-c", SHOW]
    return subprocess.run(command, cwd=ROOT, env=environment(tmp_path, **settings), capture_output=True, text=True)


@pytest.mark.parametrize(
    ("settings", "values"),
    [
        ({"PUBLIC_URL": "http://localhost:8000"}, [False, False, False, 0]),
        ({"PUBLIC_URL": "https://hits.example.org"}, [True, True, True, 0]),
        ({"PUBLIC_URL": "https://hits.example.org", "HSTS_SECONDS": "31536000"}, [True, True, True, 31536000]),
    ],
)
def test_cookies_need_tls_where_the_server_has_it(tmp_path, settings, values):
    assert json.loads(started(tmp_path, **settings).stdout) == values


def test_hsts_without_tls_is_refused(tmp_path):
    done = started(tmp_path, PUBLIC_URL="http://hits.example.org", HSTS_SECONDS="60")
    assert done.returncode == 1
    assert "HSTS_SECONDS needs a PUBLIC_URL with https://." in done.stderr


@pytest.mark.django_db
def test_browsers_are_told_to_use_tls_only_where_they_do(settings):
    settings.SECURE_HSTS_SECONDS = 31_536_000
    name = "Strict-Transport-Security"
    assert Client().get("/login/", secure=True).headers[name] == "max-age=31536000"
    assert name not in Client().get("/login/").headers
