"""What each answer tells browsers, at every URL: what may run, who may keep it, and where it leads."""

import logging
from collections.abc import Iterator
from itertools import cycle
from pprint import pformat

import pytest
from django.test import Client

from tests.access.table import Row, rows
from tests.access.walker import Answer, ask
from tests.access.world import World, make_world

PEOPLE = ("root", "owner", "nobody", "shared", "token")
# Only these may be kept by caches: they are the same for everybody, or say nothing of anybody.
PUBLIC = {"healthz", "readyz"}
ELSEWHERE = ("https://evil.example/", "//evil.example/", "/\\evil.example/", "https:evil.example", "javascript:evil()")
FRAMED = "share/<str:key>/embed/"
KEYED = ("share/<", "invitation/<", "reset/<", "account/email/<")  # who has the address has what is there


@pytest.fixture
def world(db, settings) -> Iterator[World]:
    settings.API_RATE_LIMIT = (0, 60)
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.LANGUAGE_COOKIE_SECURE = True  # as over TLS
    logging.disable(logging.WARNING)
    yield make_world()
    logging.disable(logging.NOTSET)


def problems(row: Row, answer: Answer) -> list[str]:
    """Return what is wrong with an answer, in words."""
    headers = answer.headers
    directives = filter(None, headers.get("Content-Security-Policy", "").split(";"))
    policy = {name: set(sources) for name, *sources in map(str.split, directives)}
    kept = {part.strip() for part in headers.get("Cache-Control", "").split(",")}
    is_page = headers.get("Content-Type", "").startswith("text/html") and answer.text
    is_shown = answer.word.rstrip("!") == "200"
    cookies = [cookie for cookie in answer.cookies if "Max-Age=0" not in cookie]  # the end of one has nothing to hide
    found = {
        "scripts of others": is_page and policy.get("script-src") != {"'self'"},
        "styles of others": is_page and not _are_ours(policy.get("style-src", set()), is_error=not is_shown),
        "anything else": is_page and policy.get("default-src") != {"'none'"},
        "a base elsewhere": is_page and policy.get("base-uri") != {"'none'"},
        "forms that lead elsewhere": is_page and policy.get("form-action") != {"'self'"},
        "frames": is_page and row.route != FRAMED and policy.get("frame-ancestors") != {"'none'"},
        "guessed types": is_page and headers.get("X-Content-Type-Options") != "nosniff",
        "a Referer for others": is_page and headers.get("Referrer-Policy") != _referrer_policy(row),
        "caches": is_shown and not _is_for_all(row) and "no-store" not in kept,
        "a cookie without TLS": not all("Secure" in cookie for cookie in cookies),
        "a cookie for other sites": not all("SameSite=Lax" in cookie for cookie in cookies),
        "a cookie for scripts": not all("HttpOnly" in cookie for cookie in cookies),
        "another site": "evil" in headers.get("Location", "").partition("?")[0],
    }
    return [name for name, is_wrong in found.items() if is_wrong]


def _referrer_policy(row: Row) -> str:
    """Return what browsers may tell of an address: of one with a key, not even to this site more than its name."""
    return "strict-origin" if row.route.startswith(KEYED) else "same-origin"


def _is_for_all(row: Row) -> bool:
    return row.route in PUBLIC or row.route.startswith("about/")


def _are_ours(sources: set[str], *, is_error: bool) -> bool:
    """Whether these styles are files of ours, or the one of error pages."""
    return sources == {"'self'"} or (is_error and [each[:8] for each in sources] == ["'sha256-"])


def test_no_answer_lets_browsers_do_what_they_should_not_whoever_asks(world):
    """Each request asks to be led to another site afterwards; the admin's lists refuse that parameter."""
    wrong: dict[str, object] = {}
    elsewhere = cycle(ELSEWHERE)
    for row in rows():
        for person in PEOPLE:
            data = row.data(world.ours.facts)
            if not row.route.startswith("admin/"):
                data |= {"next": next(elsewhere)}
            answer = ask(world.clients[person], row.method, row.path(world.ours.facts), data)
            if found := problems(row, answer):
                wrong[f"{row} as {person}: {answer.word}"] = found
    assert not wrong, pformat(wrong, width=150)


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_who_logs_in_or_confirms_or_changes_the_language_stays_here(world, elsewhere):
    for path, data in (
        ("/login/", {"username": "root", "password": "long-enough-1"}),
        ("/account/confirm/", {"password": "long-enough-1"}),
        ("/i18n/setlang/", {"language": "de"}),
        ("/logout/", {}),
    ):
        client = Client()
        if path != "/login/":
            client.force_login(world.ours.project.memberships.get(role="owner", user__username="quokka-owner").user)
        response = client.post(path, data | {"next": elsewhere})
        assert response.status_code == 302, path
        assert response.headers["Location"].startswith("/")
        assert not response.headers["Location"].startswith(("//", "/\\"))


@pytest.mark.parametrize("path", ["//evil.example/..", "//evil.example/projects", "/\\evil.example", "//evil.example"])
def test_a_slash_that_is_missing_leads_to_no_other_host(client, path):
    response = client.get("/", PATH_INFO=path)
    assert not response.headers.get("Location", "").startswith(("//", "/\\"))
