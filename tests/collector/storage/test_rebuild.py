"""Counts rebuilt from raw hits: the same numbers as the running drain's, in a new time zone where that has changed."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.models import DailyCount, Dimension, Hit, Pixel, Project, Verdict
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.spool.line import SpooledHit
from collector.storage import caps
from collector.storage.campaigns import CAMPAIGN_DIMENSIONS
from collector.storage.rebuild import rebuild
from collector.storage.retention import delete_expired
from dashboard.visits.from_hits import kept_since
from tests.clock import ZONES
from tests.endpoints import CHROME
from tests.hits import CAMO, IPHONE, counts, drain, hit, micros, spool

pytestmark = pytest.mark.django_db(transaction=True)

JOINED = set(Dimension) - {Dimension.TOTAL, Dimension.POSITION, Dimension.READING, Dimension.EVIDENCE}
READING = {
    (Dimension.POSITION, "start"): Dimension.STARTED,
    (Dimension.POSITION, "end"): Dimension.FINISHED,
    (Dimension.READING, "at-once"): Dimension.AT_ONCE,
}
BY_PLATFORM = set(Dimension) - {Dimension.PIXEL, Dimension.EVIDENCE, *READING.values()}
VISITS = set(Dimension) - {
    Dimension.POSITION, Dimension.READING, Dimension.TRAFFIC, Dimension.VERDICT, Dimension.ELSEWHERE, *READING.values(),
    *CAMPAIGN_DIMENSIONS,
}  # fmt: skip


def test_a_hit_in_the_last_microsecond_of_an_hour_is_rebuilt_in_that_hour(take, project, pixel):
    take(hit(pixel, "2026-11-22T10:59:59.999999"))
    assert counts("hour") == {("2026-11-22", "(direct)", "11"): (1, 1)}  # in Berlin

    rebuild(project)

    assert counts("hour") == {("2026-11-22", "(direct)", "11"): (1, 1)}


streams = st.lists(
    st.builds(
        dict,
        pixel=st.integers(0, 2),
        at_us=st.integers(micros("2026-03-28T20:00"), micros("2026-03-30T04:00")),
        placement=st.sampled_from(["", "medium", "invented"]),
        is_end=st.booleans(),
        verdict=st.sampled_from(Verdict),
        agent=st.sampled_from(["", IPHONE, CHROME, CAMO, "Googlebot/2.1"]),
        page=st.sampled_from(
            [
                "",
                "https://a.example/",
                "https://b.example/x",
                "https://b.example/x?utm_source=A&utm_id=1",
                "https://c.example/",
                "https://dev.to/y",
            ]
        ),
        country=st.sampled_from(["", "DE", "JP"]),
        language=st.sampled_from(["", "de"]),
        visitor=st.none() | st.integers(1, 4),
    ),
    max_size=60,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=streams, zone=st.sampled_from(ZONES), batch_lines=st.integers(1, 20))
def test_counts_of_the_running_drain_equal_rebuilt_counts(tmp_path, stream, zone, batch_lines):
    Project.objects.all().delete()
    project = Project.objects.create(name="Stream", slug="stream", timezone=zone)
    pixels = [Pixel.objects.create(project=project, title=str(number)) for number in range(3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(caps, "MAX_PAGES", 2)
        patch.setattr(caps, "MAX_PLATFORMS", 2)
        hits = [
            SpooledHit(token=pixels[row["pixel"]].token, **{key: row[key] for key in row.keys() - {"pixel"}})
            for row in stream
        ]
        spool(tmp_path / "spool", hits[: len(hits) // 2])
        spool(tmp_path / "spool", hits[len(hits) // 2 :])
        drain(tmp_path / "spool", batch_lines=batch_lines)
    running = every_count()

    rebuild(project)

    assert every_count() == running
    assert Hit.objects.filter(project=project).count() == len(hits)
    assert_that_dimensions_add_up(project)
    assert_that_platforms_add_up(project)


def every_count():
    return sorted(DailyCount.objects.values_list())


def assert_that_dimensions_add_up(project):
    sums: dict[tuple, dict[str, int]] = {}
    for row in DailyCount.objects.filter(project=project, dimension__in=VISITS):
        of_dimension = sums.setdefault((row.pixel_id, row.date, row.platform), {})
        of_dimension[row.dimension] = of_dimension.get(row.dimension, 0) + row.hits
    for (pixel_id, _, _), by_dimension in sums.items():
        of_projects = {Dimension.EVIDENCE} if pixel_id == WHOLE_PROJECT else set()
        assert by_dimension.keys() == VISITS & (JOINED if pixel_id == ALL_PLATFORMS else BY_PLATFORM | of_projects)
        assert len(set(by_dimension.values())) == 1


def assert_that_platforms_add_up(project):
    sums: Counter[tuple] = Counter()
    joined: Counter[tuple] = Counter()
    for row in DailyCount.objects.filter(project=project):
        if row.pixel_id == ALL_PLATFORMS:
            assert row.platform == ""
            numbers, key = joined, (row.dimension, row.date, row.value)
        elif row.pixel_id == WHOLE_PROJECT and row.dimension in JOINED:
            numbers, key = sums, (row.dimension, row.date, row.value)
        elif row.pixel_id != WHOLE_PROJECT and row.dimension == Dimension.TOTAL:
            numbers, key = sums, (Dimension.PIXEL.value, row.date, str(row.pixel_id))
        elif row.pixel_id != WHOLE_PROJECT and (row.dimension, row.value) in READING and row.platform != "dev-to":
            numbers, key = sums, (READING[row.dimension, row.value].value, row.date, str(row.pixel_id))
        else:
            continue
        numbers[(*key, "hits")] += row.hits
        numbers[(*key, "visitors")] += row.visitors
    assert joined == sums


def test_rebuilding_moves_past_days_into_a_new_time_zone(take, project, pixel):
    take(hit(pixel, "2026-11-22T23:30"))
    assert counts("hour") == {("2026-11-23", "(direct)", "00"): (1, 1)}
    Project.objects.update(timezone="America/New_York")

    call_command("rebuild_counts", "blog")

    assert counts("hour") == {("2026-11-22", "(direct)", "18"): (1, 1)}


def test_rebuilding_keeps_the_counts_of_days_whose_hits_are_past_their_retention(take, project, pixel):
    take(hit(pixel, "2026-11-20T10:00"), hit(pixel, "2026-11-22T10:00"))
    Hit.objects.filter(at__lt="2026-11-21T00:00Z").delete()
    before = every_count()

    rebuild(project)

    assert every_count() == before


def totals():
    """Return the hits of each day."""
    return {day: hits for (day, _, _), (hits, _) in counts("total").items()}


def hourly(pixel, first, days):
    moments = [datetime.fromisoformat(first) + timedelta(hours=hours, minutes=30) for hours in range(24 * days)]
    return [hit(pixel, moment.isoformat(), visitor=number) for number, moment in enumerate(moments)]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
@pytest.mark.parametrize("former", ["Europe/Berlin", "Pacific/Pago_Pago", "Asia/Kathmandu"])
def test_after_a_change_of_time_zone_days_of_deleted_hits_stay_and_every_hit_counts_once(
    take, project, pixel, former, zone
):
    Project.objects.update(timezone=former, counted_zone=former, retention_days=3)
    take(*hourly(pixel, "2026-11-10T00:00+00:00", 13))
    now = datetime(2026, 11, 19, 12, tzinfo=UTC)
    delete_expired(now)
    before = totals()
    Project.objects.update(timezone=zone)

    rebuild(project)

    first = Project.objects.get().counted_from
    after = totals()
    assert sum(after.values()) == 312
    assert {day: hits for day, hits in after.items() if day < first.isoformat()} == {
        day: hits for day, hits in before.items() if day < first.isoformat()
    }
    assert min(before.values()) <= min(after[day] for day in after if day < first.isoformat())
    assert [after[(first + timedelta(days=days)).isoformat()] for days in (2, 3)] == [24, 24]
    assert abs((first - date(2026, 11, 16)).days) <= 2  # 25 hours lie between Pago Pago and Kiritimati

    rebuild(project)
    assert totals() == after
    for hours in range(0, 49, 3):  # the hits of the first day that was counted again go in two steps
        delete_expired(now + timedelta(hours=hours))
        rebuild(project)
        assert totals() == after


@pytest.mark.parametrize(("former", "zone"), [("America/New_York", "Europe/Berlin"), ("Europe/Berlin", "Asia/Tokyo")])
def test_while_no_hit_was_deleted_a_new_time_zone_leaves_no_day_of_the_former_one(take, project, pixel, former, zone):
    Project.objects.update(timezone=former, counted_zone=former)
    take(hit(pixel, "2026-11-22T00:30"), hit(pixel, "2026-11-22T23:30"))
    Project.objects.update(timezone=zone)

    rebuild(project)

    assert sum(totals().values()) == 2
    assert set(totals()) == {
        datetime.fromisoformat(f"2026-11-22T{hour}:30+00:00").astimezone(ZoneInfo(zone)).date().isoformat()
        for hour in ("00", "23")
    }


def test_a_retention_that_was_short_and_is_long_again_destroys_no_counts(take, project, pixel):
    Project.objects.update(retention_days=3)
    take(*hourly(pixel, "2026-11-10T00:00+00:00", 10))
    delete_expired(datetime(2026, 11, 19, 12, tzinfo=UTC))
    Project.objects.update(retention_days=700)
    delete_expired(datetime(2026, 11, 19, 13, tzinfo=UTC))
    before = every_count()

    rebuild(project)

    assert every_count() == before
    now = datetime(2026, 11, 19, 13, tzinfo=UTC)
    assert kept_since(Project.objects.get(), now) == date(2026, 11, 16)  # what pages with filters say


def test_the_time_zone_before_a_change_is_forgotten_with_its_hits(take, project, pixel):
    Project.objects.update(retention_days=3)
    take(*hourly(pixel, "2026-11-10T00:00+00:00", 10))
    changed_at = datetime(2026, 11, 12, 12, tzinfo=UTC)
    Project.objects.update(timezone="Asia/Tokyo")
    delete_expired(changed_at)
    assert Project.objects.get().counted_zone == "Europe/Berlin"

    delete_expired(changed_at + timedelta(days=6))

    assert Project.objects.get().counted_zone == "Asia/Tokyo"


def test_the_command_says_which_days_stay(take, project, pixel, capsys):
    Project.objects.update(retention_days=3)
    take(*hourly(pixel, "2026-11-10T00:00+00:00", 10))
    delete_expired(datetime(2026, 11, 19, 12, tzinfo=UTC))

    call_command("rebuild_counts", "blog")

    assert "Days before 2026-11-16 stay as they are: their raw hits are deleted." in capsys.readouterr().out


def test_rebuilding_leaves_other_projects_alone(take, project, pixel):
    other = Project.objects.create(name="Other", slug="other")
    take(hit(pixel), hit(Pixel.objects.create(project=other, title="x")))
    DailyCount.objects.update(hits=100)

    rebuild(project)

    assert {row.hits for row in DailyCount.objects.filter(project=other)} == {100}
    assert {row.hits for row in DailyCount.objects.filter(project=project)} == {1}
