"""What passkey pages do with answers that are none. That right ones work is tested in a real browser."""

import json

import pytest
from django.test import Client

from accounts.second_factor.factors import factors_of
from accounts.views.pages import STRANGERS
from tests.accounts.codes import with_app
from tests.accounts.views.test_second_factor import confirm_now
from tests.collector.admin.browsing import text_of

pytestmark = pytest.mark.django_db

LOGIN, CHALLENGE, NEW = "/login/passkey/", "/login/passkey/challenge/", "/account/second-factor/passkeys/"
PARTS = {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA", "attestationObject": "oA"}
ANSWERS = [
    "", "x", "null", "1", "[]", "{}", '{"response": null}', '{"response": 1}', '{"response": {"userHandle": 1}}',
    json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": PARTS}),
    json.dumps({"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": PARTS | {"userHandle": "MQ"}}),
    json.dumps({"id": "é", "rawId": "\0", "type": [], "response": PARTS | {"userHandle": "/w"}}),
    "[" * 1000, '{"a": ' * 1000, "9" * 60_000,
]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("is_asked", [True, False])
def test_no_answer_of_a_stranger_logs_in(client, viewer, answer, is_asked):
    if is_asked:
        assert client.post(CHALLENGE).json()["publicKey"]["userVerification"] == "required"
    page = client.post(LOGIN, {"credential": answer})
    assert page.status_code == 200
    assert "That passkey doesn’t open an account here." in text_of(page)
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_answer_adds_a_passkey_that_is_none(reader, viewer, answer):
    confirm_now(reader)
    challenge = reader.post(NEW).json()["publicKey"]
    assert challenge["authenticatorSelection"]["residentKey"] == "required"
    page = reader.post(NEW, {"credential": answer, "name": "x"})
    assert page.status_code == 200
    assert "That did not work." in text_of(page)
    assert not factors_of(viewer).is_any


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_answer_is_the_second_step(client, viewer, answer):
    with_app(viewer)
    client.post("/login/", {"username": "viewer", "password": "viewer-pass-1"})
    assert client.post(CHALLENGE).status_code == 200
    assert client.post("/login/second-factor/", {"credential": answer}).status_code == 200
    assert client.get("/").status_code == 302


def test_strangers_make_few_sessions_by_asking_for_challenges(db, empty_cache):
    statuses = [Client().post(CHALLENGE).status_code for _ in range(STRANGERS[0] + 3)]
    assert statuses == [200] * STRANGERS[0] + [429] * 3
    assert Client().post("/login/single-sign-on/").status_code == 429


def test_looking_at_the_login_makes_no_session(client, db):
    client.get("/login/")
    assert "sessionid" not in client.cookies
