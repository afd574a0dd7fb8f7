"""Segments that vanish or stay empty while the drain looks at them."""

import pytest

from collector.models import SpoolOffset
from collector.spool.reader import segments
from collector.storage import drain as drain_module
from collector.storage.drain import Drain
from tests.hits import drain, hit, spool

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "spool"


def test_a_segment_that_its_writer_removes_meanwhile_does_not_stop_the_drain(directory, pixel, monkeypatch):
    spool(directory, [hit(pixel)])
    [segment] = segments(directory)
    gone = directory / "20200101T000000-gone.jsonl"
    (directory / "20200101T000000-gone.losses").symlink_to("nowhere")
    monkeypatch.setattr(drain_module, "segments", lambda directory: [gone, segment])

    assert Drain(directory).drain_once() == 1
    assert not SpoolOffset.objects.filter(segment=gone.name).exists()


def test_an_empty_segment_leaves_no_row(directory, db):
    directory.mkdir()
    (directory / "20200101T000000-empty.jsonl").touch()

    drain(directory)

    assert segments(directory) == []
    assert not SpoolOffset.objects.exists()
