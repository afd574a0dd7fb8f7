"""A test that must run alone gets its turn, even if many other tests wait."""

import threading

import pytest

from tests.turns import Turns


@pytest.fixture
def turns(tmp_path):
    turns = Turns(tmp_path, "run")
    yield turns
    turns.close()
    assert list(tmp_path.iterdir()) == []


def test_others_run_together(turns):
    with turns.turn(alone=False), turns.turn(alone=False):
        pass


def test_a_lone_test_waits_for_running_tests_and_later_tests_wait_for_it(turns):
    events: list[str] = []

    def run(name: str, *, alone: bool) -> None:
        with turns.turn(alone=alone):
            events.append(name)

    alone = threading.Thread(target=run, args=("alone",), kwargs={"alone": True})
    later = threading.Thread(target=run, args=("later",), kwargs={"alone": False})
    with turns.turn(alone=False):
        alone.start()
        alone.join(0.2)
        later.start()
        later.join(0.2)
        assert events == []
    alone.join(10)
    later.join(10)
    assert events == ["alone", "later"]
