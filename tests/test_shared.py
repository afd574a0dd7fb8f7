"""What all processes of a test run share is made once, and is whole."""

import threading
from pathlib import Path

import pytest

from tests import shared


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(shared, "_directory", lambda: tmp_path)
    return tmp_path


def test_who_asks_meanwhile_waits_and_gets_the_same(directory):
    may_end, made = threading.Event(), []

    def make(path: Path) -> None:
        may_end.wait(10)
        (path / "file").write_text("whole")
        made.append(path)

    seen: list[str] = []
    askers = [
        threading.Thread(target=lambda: seen.append((shared.once("thing", make) / "file").read_text()))
        for _ in range(3)
    ]
    for asker in askers:
        asker.start()
    may_end.set()
    for asker in askers:
        asker.join(10)

    assert seen == ["whole"] * 3
    assert len(made) == 1


def test_what_could_not_be_made_is_made_again(directory):
    def fail(path: Path) -> None:
        (path / "half").write_text("")
        raise LookupError

    with pytest.raises(LookupError):
        shared.once("thing", fail)

    assert list(shared.once("thing", lambda path: (path / "whole").touch()).iterdir()) == [directory / "thing/whole"]
