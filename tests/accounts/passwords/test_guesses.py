"""Secrets that nobody has: those of links, and of the API's tokens. They count together, for all processes."""

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation
from accounts.passwords import guesses
from accounts.passwords.reset import reset_path
from collector.models import ApiToken, Role

pytestmark = pytest.mark.django_db

WRONG_TOKEN = {"Authorization": "Bearer ff_" + "a" * 43}
LINKS = ("/invitation/nothing/", "/reset/1-nothing/", "/account/email/nothing/")


@pytest.fixture
def stranger(monkeypatch) -> Client:
    monkeypatch.setattr(guesses, "MOST_GUESSES", 4)
    return Client()


def status(client: Client, path: str, **headers: str) -> int:
    cache.clear()  # what a process counts by itself is gone
    return client.get(path, headers=headers).status_code


def test_links_and_tokens_that_nobody_has_count_together(stranger, owner, project):
    assert [status(stranger, path) for path in LINKS] == [404] * 3
    assert status(stranger, "/api/v1/projects", **WRONG_TOKEN) == 401
    assert [status(stranger, path) for path in LINKS] == [429] * 3
    assert status(stranger, "/api/v1/projects", **WRONG_TOKEN) == 429
    assert int(stranger.get(LINKS[0]).headers["Retry-After"]) > 0
    assert [status(Client(REMOTE_ADDR="192.0.2.7"), path) for path in LINKS] == [404] * 3


def test_right_links_do_not_count_and_right_tokens_are_never_refused(stranger, owner, project):
    invitation = Invitation(project=project, role=Role.VIEWER, invited_by=owner)
    links = [f"/invitation/{invitation.make_secret(timezone.now())}/", reset_path(owner)]
    invitation.save()
    token = ApiToken(user=owner, name="Script")
    right = {"Authorization": f"Bearer {token.make_secret()}"}
    token.save()
    assert [status(stranger, path) for path in links * 3] == [200] * 6
    assert [status(stranger, LINKS[0]) for _ in range(5)] == [404] * 4 + [429]
    assert [status(stranger, path) for path in links] == [429] * 2
    assert status(stranger, "/api/v1/projects", **right) == 200
    assert [status(Client(REMOTE_ADDR="192.0.2.7"), path) for path in links] == [200] * 2


def test_a_wrong_secret_that_can_not_be_counted_is_still_wrong(stranger, monkeypatch):
    def refuse(tallies):
        raise OperationalError("database is locked")

    monkeypatch.setattr(guesses, "count_try", refuse)
    assert [status(stranger, LINKS[0]) for _ in range(6)] == [404] * 6
    assert status(stranger, "/api/v1/projects", **WRONG_TOKEN) == 401
