import pytest

from collector.intake import askers
from collector.intake.askers import Askers
from tests.clock import Clock


@pytest.fixture
def clock():
    return Clock()


def ask(asking: Askers, network: str, *tokens: str) -> list[bool]:
    allowed = []
    for token in tokens:
        allowed.append(asking.may_ask(network, token))
        if allowed[-1]:
            asking.note(network, token)
    return allowed


def test_a_network_may_ask_about_a_hundred_unknown_tokens_a_minute(clock):
    asking = Askers(clock)
    tokens = [str(number) for number in range(150)]

    assert ask(asking, "192.0.2.1", *tokens) == [True] * 100 + [False] * 50
    assert ask(asking, "192.0.2.1", *tokens[:100]) == [True] * 100
    assert ask(asking, "192.0.2.2", *tokens[:3]) == [True] * 3
    clock.now += 60
    assert ask(asking, "192.0.2.1", "new") == [True]


def test_forgiven_tokens_and_unknown_networks_are_not_limited(clock, monkeypatch):
    monkeypatch.setattr(askers, "MAX_UNKNOWN", 2)
    asking = Askers(clock)
    for token in "abcdef":
        assert ask(asking, "192.0.2.1", token) == [True]
        asking.forgive("192.0.2.1", token)

    assert ask(asking, "", *"abcdef") == [True] * 6


def test_the_memory_of_questions_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(askers, "MAX_NOTED", 10)
    asking = Askers(clock)
    for number in range(100):
        ask(asking, f"192.0.2.{number}", "token")

    assert len(asking._tokens) <= 10
