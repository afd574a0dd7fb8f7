import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from collector.metrics.names import Count, Timing
from collector.metrics.tally import BOUNDS, Tally, add_up
from collector.metrics.tally_file import SLOT_BYTES, TallyFile, Totals, found_totals
from collector.models import Verdict
from tests.disks import small_disk
from tests.server import eventually


@pytest.fixture
def tallies():
    """Return a function that makes the tally of a process. All are closed at the end."""
    made: list[Tally] = []

    def begin(directory: Path, process: str = "web") -> Tally:
        made.append(Tally())
        made[-1].begin(directory, process)
        eventually(lambda: made[-1]._file, 20)
        return made[-1]

    yield begin
    for tally in made:
        tally.close()


def totals(directory: Path) -> Totals:
    total = Totals()
    for found in found_totals(directory):
        add_up(total, found.totals)
    return total


def fill(path: Path) -> None:
    """Write a file until its disk is full."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(descriptor, b"x" * 4096)
    os.close(descriptor)


def test_others_read_within_seconds_what_a_process_counts(tmp_path, tallies):
    first, second, drain = tallies(tmp_path), tallies(tmp_path), tallies(tmp_path, "drain")
    first.verdicts[Verdict.BOT] += 2
    second.add(Count.LOST, number=3)
    drain.add_seconds(Timing.BATCH, "", 0.3)

    eventually(lambda: Count.LOST in totals(tmp_path).counts and totals(tmp_path).times, 20)
    total = totals(tmp_path)
    assert total.counts == {Count.HITS: {"bot": 2}, Count.LOST: {"": 3}}
    assert total.times[Timing.BATCH][""] == [0.3, *(float(bound == 0.5) for bound in BOUNDS), 0]
    assert {(found.process, found.is_running) for found in found_totals(tmp_path)} == {("web", True), ("drain", True)}
    assert [found.totals.counts for found in first.of_all_processes(tmp_path)].count({Count.HITS: {"bot": 2}}) == 1


def test_a_new_process_goes_on_where_a_former_one_ended(tmp_path, tallies):
    for number in range(1, 6):
        tally = tallies(tmp_path)
        tally.add(Count.LOST)
        tally.close()
        [found] = found_totals(tmp_path)
        assert (found.totals.counts, found.totals.starts) == ({Count.LOST: {"": number}}, number)
        assert not found.is_running


def test_nothing_is_written_once_it_is_closed(tmp_path, tallies, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    tally = tallies(tmp_path)
    tally.close()
    tally.write()
    assert not list(here.iterdir())


def test_a_forked_child_counts_for_itself(tmp_path, tallies):
    tally = tallies(tmp_path)
    tally.add(Count.LOST, number=5)
    tally.write()
    child = os.fork()
    if not child:
        tally.begin(tmp_path, "web")
        tally.add(Count.LOST, number=2)
        tally.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    tally.add(Count.LOST)
    tally.write()
    assert totals(tmp_path).counts == {Count.LOST: {"": 8}}
    assert [found.is_running for found in found_totals(tmp_path)].count(True) == 1


def test_a_half_that_was_not_written_whole_is_not_read(tmp_path):
    file = TallyFile(tmp_path, "web")
    for number in (1.0, 2.0):
        file.write(Totals(counts={Count.LOST: {"": number}}))
    for start, counts in [(0, {Count.LOST: {"": 1.0}}), (SLOT_BYTES, {})]:
        with file.path.open("r+b") as torn:
            torn.seek(start + 60)
            torn.write(b"?")
        assert totals(tmp_path).counts == counts
    file.close()


def test_the_numbers_fit_however_many_there_are(tmp_path):
    number = 123_456_789_012.5
    routes = [f"a_rather_long_name_of_a_route_{index}" for index in range(60)]
    file = TallyFile(tmp_path, "web")
    everything = Totals(
        time.time(),
        10**9,
        {count: dict.fromkeys(map(str, range(12)), number) for count in Count}
        | {Count.VIEW_ERRORS: dict.fromkeys(routes, number)},
        {Timing.VIEW: dict.fromkeys(routes, [number] * (len(BOUNDS) + 2))},
    )
    file.write(everything)
    assert totals(tmp_path) == everything
    file.close()


def test_a_deleted_file_is_written_again(tmp_path, tallies):
    tally = tallies(tmp_path)
    tally.add(Count.LOST, number=4)
    tally.write()
    next(tmp_path.iterdir()).unlink()
    tally.write()
    assert totals(tmp_path).counts == {Count.LOST: {"": 4}}


def test_a_full_disk_neither_breaks_nor_falsifies_numbers(tmp_path, caplog):
    with small_disk(tmp_path / "disk", 256) as disk:
        tally = Tally()
        tally.begin(disk, "web")
        eventually(lambda: tally._file, 20)
        fill(disk / "rest")
        tally.add(Count.LOST, number=4)
        tally.write()
        late = Tally()
        late.begin(disk, "web")
        late.add(Count.LOST, number=3)
        late.write()
        assert totals(disk).counts == {Count.LOST: {"": 4}}
        assert sorted(entry.suffix for entry in disk.iterdir()) == ["", ".web"]
        (disk / "rest").unlink()
        late.write()
        assert totals(disk).counts == {Count.LOST: {"": 7}}
        tally.close()
        late.close()
    assert caplog.messages == ["Can't write the numbers for /metrics: No space left on device"]
