import pytest
from django.conf import settings as site
from django.core import signing

from collector.intake.self_check import HEADER, question, read_answer, server_id


def ask(client, text, **headers):
    return client.get("/healthz", headers={HEADER: text} | headers).content.decode()


def test_a_question_of_ours_is_answered_with_what_arrived(client, settings):
    settings.TRUSTED_PROXIES = 1
    nonce, text = question()

    seen = read_answer(ask(client, text, host="localhost", **{"X-Forwarded-For": "192.0.2.77, 203.0.113.9"}), nonce)

    assert (seen.server, seen.host, seen.is_host_allowed) == (server_id(site.DATA_DIR), "localhost", True)
    assert (seen.hops, seen.trusted_proxies, seen.has_address, seen.believes_forged) == (1, 1, True, False)


def test_an_answer_names_no_address(client):
    nonce, text = question()

    answer = ask(client, text, **{"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"})

    assert "203.0.113.9" not in str(read_answer(answer, nonce))


@pytest.mark.parametrize("text", ["", "x", "a:b:c", "x" * 10_000])
def test_strangers_get_the_ordinary_answer(client, text):
    assert ask(client, text) == "ok\n"


def test_what_was_signed_for_something_else_is_no_question(client):
    assert ask(client, signing.dumps("nonce", salt="another")) == "ok\n"


def test_a_question_is_answered_for_a_minute_only(client, monkeypatch):
    _, text = question()
    now = signing.time.time()
    for seconds, is_answered in ((59, True), (61, False)):
        monkeypatch.setattr(signing.time, "time", lambda seconds=seconds: now + seconds)
        assert (ask(client, text) != "ok\n") == is_answered


def test_only_the_answer_to_the_same_question_counts(client, settings):
    nonce, text = question()
    answer = ask(client, text)
    assert read_answer(answer, nonce)
    assert read_answer(answer, question()[0]) is None
    assert read_answer(text, nonce) is None
    assert read_answer("ok\n", nonce) is None
    settings.SECRET_KEY = "x" * 50
    assert read_answer(answer, nonce) is None
