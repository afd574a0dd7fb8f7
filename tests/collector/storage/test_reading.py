"""Ends of articles, judged by the time from their reader's start."""

from collections import Counter
from random import Random
from threading import Thread

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.models import DailyCount, DailyReading, Dimension, Hit, Pixel, Position, Project, Verdict
from collector.models.counts import ALL_PLATFORMS
from collector.models.reading import LOWER_BOUNDS
from collector.spool.line import SpooledHit
from collector.storage.rebuild import rebuild
from tests.hits import CAMO, IPHONE, counts, drain, hit, micros, spool

pytestmark = pytest.mark.django_db(transaction=True)

DAY = "2026-11-22"


def start(pixel, at, **fields):
    return hit(pixel, f"{DAY}T{at}", placement="medium", **fields)


def end(pixel, at, **fields):
    return hit(pixel, f"{DAY}T{at}", placement="medium", is_end=True, **fields)


def numbers(dimension, pixel_id):
    """Return the hits by value, of one day on one platform."""
    return {value: hits for (_, _, value), (hits, _) in counts(dimension, pixel_id).items() if hits}


def judged():
    """Return verdict and reading seconds of all ends, in the order of their moments."""
    ends = Hit.objects.filter(position=Position.END).order_by("at", "id")
    return [(Verdict(verdict), seconds) for verdict, seconds in ends.values_list("verdict", "reading_seconds")]


READ, TOO_SOON = Verdict.COUNTED, Verdict.TOO_SOON


@pytest.mark.parametrize(
    ("end_at", "expected", "reading"),
    [
        ("10:00:00", (TOO_SOON, 0), {"at-once": 1}),
        ("10:00:02.999999", (TOO_SOON, 2), {"at-once": 1}),
        ("10:00:03", (TOO_SOON, 3), {"too-soon": 1}),
        ("10:00:09.999999", (TOO_SOON, 9), {"too-soon": 1}),
        ("10:00:10", (READ, 10), {"10": 1}),
        ("10:03:20", (READ, 200), {"180": 1}),
        ("18:00:00", (READ, 28_800), {"1800": 1}),
        ("09:59:59.500000", (TOO_SOON, 0), {"at-once": 1}),  # two connections: the second image was answered first
        ("09:59:58", (READ, None), {}),  # before the start: nothing is known
    ],
)
def test_an_end_is_read_if_it_comes_long_enough_after_the_start(take, pixel, end_at, expected, reading):
    take(start(pixel, "10:00:00"), end(pixel, end_at))

    assert judged() == [expected]
    assert numbers("reading", pixel.pk) == reading
    was_read = expected[0] == READ and expected[1] is not None
    assert numbers("position", pixel.pk) == {"start": 1} | ({"end": 1} if was_read else {})
    assert numbers("verdict", pixel.pk) == ({"too-soon": 1} if expected[0] == TOO_SOON else {})


def test_after_a_reload_an_end_belongs_to_the_latest_start(take, pixel):
    take(start(pixel, "10:00:00"), end(pixel, "10:04:00"), start(pixel, "10:20:00"), end(pixel, "10:20:01"))

    assert judged() == [(READ, 240), (TOO_SOON, 1)]


@pytest.mark.parametrize(
    "other",
    [
        {"visitor": 2},  # another reader
        {"visitor": None, "verdict": Verdict.OPTED_OUT, "agent": ""},
        {"visitor": None},  # no salt was there
        {"verdict": Verdict.EXCESS},
        {"agent": "Googlebot/2.1"},
    ],
)
def test_an_end_without_a_start_of_the_same_reader_says_nothing(take, pixel, other):
    take(start(pixel, "10:00:00", **other), end(pixel, "10:05:00"))

    assert judged() == [(READ, None)]
    assert numbers("reading", pixel.pk) == {}
    assert "end" not in numbers("position", pixel.pk)


def test_starts_and_ends_of_readers_without_a_visitor_are_in_neither_part_of_the_read_through(take, pixel):
    take(
        start(pixel, "10:00:00", visitor=None), end(pixel, "10:05:00", visitor=None),
        start(pixel, "10:00:00", agent=CAMO), end(pixel, "10:05:00", agent=CAMO),
        start(pixel, "11:00:00", visitor=None, verdict=Verdict.OPTED_OUT, agent=""),
        end(pixel, "11:05:00", visitor=None, verdict=Verdict.OPTED_OUT, agent=""),
    )  # fmt: skip

    assert numbers("total", pixel.pk) == {"": 3}
    assert numbers("position", pixel.pk) == numbers("reading", pixel.pk) == {}


def test_readers_of_two_articles_or_two_days_are_kept_apart(take, project, pixel):
    other = Pixel.objects.create(project=project, title="Other")
    take(
        start(pixel, "10:00:00"), end(other, "10:05:00"),
        hit(pixel, "2026-11-23T22:58"), hit(pixel, "2026-11-23T23:05", is_end=True),  # midnight in Berlin between them
    )  # fmt: skip

    assert judged() == [(READ, None), (READ, None)]


@pytest.mark.parametrize(
    ("of_project", "of_pixel", "words", "fewest"),
    [
        (10, None, None, 10), (30, None, None, 30), (30, 20, None, 20), (30, None, 1000, 63), (30, 20, 1000, 20),
        (10, None, 10, 3),  # shorter than what we can tell from images that are loaded at once
        (0, None, None, 3), (99_999, None, None, 3600), (10, 0, None, 3),  # stored by other means than the forms
    ],
)  # fmt: skip
def test_the_minimum_is_the_articles_or_comes_from_its_length_or_is_the_projects(
    take, project, pixel, of_project, of_pixel, words, fewest
):
    Project.objects.update(min_reading_seconds=of_project)
    Pixel.objects.update(min_reading_seconds=of_pixel, words=words)
    second = 10 * 3600
    times = [f"{(second + after) // 3600}:{(second + after) // 60 % 60:02}:{after % 60:02}" for after in (0, fewest)]
    take(start(pixel, times[0]), end(pixel, times[1]), end(pixel, times[1], visitor=2))
    take(start(pixel, "12:00:00", visitor=3))
    assert judged() == [(READ, fewest), (READ, None)]

    take(start(pixel, "20:00:00", visitor=4))
    before = micros(f"{DAY}T20:00:00") + fewest * 1_000_000 - 1
    take(SpooledHit(token=pixel.token, at_us=before, is_end=True, visitor=4, agent=IPHONE))
    assert judged()[-1] == (TOO_SOON, fewest - 1)


def test_a_new_minimum_applies_to_new_hits_and_to_all_raw_hits_once_rebuilt(take, project, pixel):
    take(start(pixel, "10:00:00"), end(pixel, "10:00:20"))
    Project.objects.update(min_reading_seconds=30)
    take(start(pixel, "11:00:00", visitor=2), end(pixel, "11:00:20", visitor=2))
    assert judged() == [(READ, 20), (TOO_SOON, 20)]

    call_command("rebuild_counts", "blog")

    assert judged() == [(TOO_SOON, 20), (TOO_SOON, 20)]
    assert numbers("position", pixel.pk) == {"start": 2}
    assert numbers("reading", pixel.pk) == {"too-soon": 2}


def test_ends_of_an_older_installation_are_judged_when_counts_are_rebuilt(take, project, pixel):
    take(start(pixel, "10:00:00"), end(pixel, "10:00:20"), start(pixel, "11:00:00"), end(pixel, "11:00:01"))
    Hit.objects.filter(position=Position.END).update(reading_seconds=None, verdict=Verdict.COUNTED)

    rebuild(project)

    assert judged() == [(READ, 20), (TOO_SOON, 1)]


@pytest.mark.parametrize("late", [["11:00:00"], ["10:03:50"], ["10:00:30", "10:02:00"]])
def test_a_start_that_is_drained_late_changes_the_ends_after_it(tmp_path, project, pixel, late):
    on_time = [start(pixel, "10:00:00"), end(pixel, "10:04:00"), end(pixel, "10:04:30", visitor=2)]
    for hits in (on_time, [start(pixel, at, visitor=visitor) for at in late for visitor in (1, 2)]):
        spool(tmp_path / "spool", hits)
        drain(tmp_path / "spool")
    assert (
        judged()
        == {
            1: [(READ, 240), (READ, None)] if late == ["11:00:00"] else [(READ, 10), (READ, 40)],
            2: [(READ, 120), (READ, 150)],
        }[len(late)]
    )
    before = every_count()

    rebuild(project)

    assert every_count() == before


def test_an_end_that_is_drained_before_its_start_is_mended(tmp_path, project, pixel):
    spool(tmp_path / "spool", [end(pixel, "10:04:00"), end(pixel, "10:00:01", visitor=2)])
    drain(tmp_path / "spool")
    assert numbers("reading", pixel.pk) == {}
    spool(tmp_path / "spool", [start(pixel, "10:00:00"), start(pixel, "10:00:00", visitor=2)])
    drain(tmp_path / "spool")

    assert judged() == [(TOO_SOON, 1), (READ, 240)]
    assert numbers("reading", pixel.pk) == {"at-once": 1, "240": 1}
    of_pixels = {
        row.dimension: row.hits for row in DailyCount.objects.filter(pixel_id=ALL_PLATFORMS, value=str(pixel.pk))
    }
    by_pixel = (Dimension.STARTED, Dimension.FINISHED, Dimension.AT_ONCE)
    assert [of_pixels[dimension] for dimension in by_pixel] == [2, 1, 1]


def test_what_is_remembered_of_readers_goes_with_their_salt(take, pixel, settings):
    take(start(pixel, "10:00:00"), start(pixel, "10:01:00"), end(pixel, "10:04:00"))
    assert Counter(DailyReading.objects.exclude(id=0).values_list("position", flat=True)) == {
        Position.START: 1,
        Position.END: 1,
    }

    call_command("purge")

    assert not DailyReading.objects.exists()


# Most hits are of one reader of one article within minutes, so that ends have starts to belong to.
streams = st.lists(
    st.builds(
        dict,
        pixel=st.sampled_from([0, 0, 0, 1]),
        at_us=st.integers(0, 40).map(lambda half_second: half_second * 500_000)
        | st.integers(0, 60).map(lambda second: second * 10_000_000)
        | st.integers(0, 30).map(lambda hour: hour * 3_600_000_000),
        placement=st.sampled_from(["", "medium"]),
        is_end=st.booleans(),
        verdict=st.sampled_from([Verdict.COUNTED] * 6 + [Verdict.OPTED_OUT, Verdict.EXCESS]),
        agent=st.sampled_from([IPHONE] * 6 + [CAMO, "Googlebot/2.1"]),
        visitor=st.sampled_from([1, 1, 1, 1, 2, None]),
    ),
    min_size=4,
    max_size=24,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=streams, batches=st.lists(st.integers(1, 8), min_size=1, max_size=3), data=st.data())
def test_in_whatever_order_hits_are_drained_the_result_is_that_of_judging_all_at_once(tmp_path, stream, batches, data):
    Project.objects.all().delete()
    project = Project.objects.create(name="Stream", slug="stream", timezone="Europe/Berlin")
    pixels = [Pixel.objects.create(project=project, title=f"{words} words", words=words) for words in (None, 500)]
    first_us = micros("2026-11-22T20:00")
    hits = [
        SpooledHit(
            token=pixels[row["pixel"]].token, at_us=first_us + row["at_us"],
            **{key: row[key] for key in row.keys() - {"pixel", "at_us"}},
        )
        for row in stream
    ]  # fmt: skip
    for batch_lines in batches:  # each time, one or two segments of the rest are drained in batches of so many lines
        middle = len(hits) // 2
        part, hits = hits[:middle], hits[middle:]
        cut = data.draw(st.integers(0, len(part)))
        spool(tmp_path / "spool", part[:cut])
        spool(tmp_path / "spool", part[cut:])
        drain(tmp_path / "spool", batch_lines=batch_lines)
    running, ends = every_count(), judged()
    assert ends == plainly_judged(pixels)

    rebuild(project)

    assert judged() == ends
    assert every_count() == running


def every_count():
    return sorted(DailyCount.objects.values_list())


def plainly_judged(pixels):
    """Judge all ends by the words of the README, from all hits at once."""
    fewest = {pixel.pk: pixel.fewest_reading_seconds() for pixel in pixels}
    rows = [(row, micros(row.at.isoformat())) for row in Hit.objects.order_by("at", "id")]
    results = []
    for row, at_us in rows:
        if row.position != Position.END:
            continue
        before = [
            other_us
            for other, other_us in rows
            if other.position == Position.START and other.traffic == 0 and other.visitor == row.visitor
            and other.pixel_id == row.pixel_id and other.verdict in {Verdict.COUNTED, Verdict.OPTED_OUT}
            and other_us <= at_us + 1_000_000 and local_date(other.at) == local_date(row.at)
        ]  # fmt: skip
        is_judged = row.visitor is not None and row.traffic == 0 and row.verdict in {READ, TOO_SOON}
        if not is_judged or not before:
            results.append((Verdict(row.verdict), None))
            continue
        seconds = max(at_us - max(before), 0) // 1_000_000
        results.append((READ if seconds >= fewest[row.pixel_id] else TOO_SOON, seconds))
    return results


def local_date(moment):
    return moment.astimezone(Project.objects.get().zone).date()


@pytest.mark.postgresql
def test_two_drains_at_once_judge_as_one(tmp_path, project, pixel):
    random = Random(5)
    hits = [
        SpooledHit(
            token=pixel.token, at_us=micros("2026-11-22T10:00") + number * 20_000, is_end=random.random() < 0.5,
            agent=IPHONE, visitor=random.randrange(100),
        )
        for number in range(6_000)
    ]  # fmt: skip
    for number in range(2):  # each collector takes some of the hits of every reader
        for start_at in range(0, 6_000, 1_000):
            spool(tmp_path / str(number), hits[start_at + number : start_at + 1_000 : 2])
    failures = []

    def drain_all(number):
        try:
            drain(tmp_path / str(number), batch_lines=150)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=drain_all, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, Hit.objects.count()) == ([], 6_000)
    running, ends = every_count(), judged()

    rebuild(project)

    assert judged() == ends
    assert every_count() == running


def test_hits_of_a_deleted_pixel_do_not_stop_a_rebuild(take, project, pixel):
    other = Pixel.objects.create(project=project, title="Other")
    take(start(pixel, "10:00:00"), end(pixel, "10:05:00"), end(other, "10:05:00"))
    other.delete()

    rebuild(project)

    assert judged() == [(READ, 300), (READ, None)]


def test_the_lower_bounds_are_in_order():
    assert sorted(set(LOWER_BOUNDS)) == list(LOWER_BOUNDS)
