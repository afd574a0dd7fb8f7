"""A test that needs the machine for itself gets it, however many other tests want to run."""

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


def test_alone_waits_for_who_is_there_and_nobody_enters_meanwhile(turns):
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
