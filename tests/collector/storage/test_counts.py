"""What hits add to the counts, and that counting them again gives the same numbers."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.models import DailyCount, Dimension, Hit, Pixel, Project, Verdict
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.spool.line import SpooledHit
from collector.storage import caps
from collector.storage.countable import local_day_and_hour
from collector.storage.rebuild import rebuild
from tests.endpoints import CHROME
from tests.hits import CAMO, IPHONE, counts, drain, hit, micros, spool

pytestmark = pytest.mark.django_db(transaction=True)

JOINED = set(Dimension) - {Dimension.TOTAL, Dimension.POSITION, Dimension.EVIDENCE}
READING = {"start": Dimension.STARTED, "end": Dimension.FINISHED}
BY_PLATFORM = set(Dimension) - {Dimension.PIXEL, Dimension.EVIDENCE, *READING.values()}
VISITS = set(Dimension) - {
    Dimension.POSITION, Dimension.TRAFFIC, Dimension.VERDICT, Dimension.ELSEWHERE, *READING.values()
}  # fmt: skip


def test_a_visit_counts_in_every_dimension_of_its_pixel_and_its_project(take, pixel):
    take(hit(pixel, placement="medium", page="https://medium.com/@a/b"))

    for pixel_id in (WHOLE_PROJECT, pixel.pk):
        day = "2026-11-22"
        for dimension, value in {
            "total": "", "hour": "11", "position": "start", "traffic": "direct", "page": "medium.com/@a/b",
            "country": "DE", "language": "de", "device": "phone", "browser": "Mobile Safari", "os": "iOS",
        }.items():  # fmt: skip
            assert counts(dimension, pixel_id) == {(day, "medium", value): (1, 1)}
    assert not DailyCount.objects.filter(dimension=Dimension.VERDICT).exists()


def test_a_visitor_counts_once_a_day_for_a_pixel_and_once_for_the_project(take, project, pixel):
    other = Pixel.objects.create(project=project, title="Other")
    take(hit(pixel, visitor=1), hit(pixel, visitor=1), hit(other, visitor=1), hit(other, visitor=2))
    take(hit(pixel, visitor=1), hit(pixel, "2026-11-23T10:00", visitor=1))

    assert counts("total", pixel.pk) == {
        ("2026-11-22", "(direct)", ""): (3, 1),
        ("2026-11-23", "(direct)", ""): (1, 1),
    }
    assert counts("total", other.pk) == {("2026-11-22", "(direct)", ""): (2, 2)}
    assert counts("total") == {("2026-11-22", "(direct)", ""): (5, 2), ("2026-11-23", "(direct)", ""): (1, 1)}


def test_the_project_is_also_counted_over_all_platforms(take, project, pixel):
    other = Pixel.objects.create(project=project, title="Other")
    take(hit(pixel, placement="medium", visitor=1), hit(pixel, placement="dev-to", visitor=1))
    take(hit(other, placement="medium", visitor=1), hit(other, "2026-11-23T10:00", visitor=None, country="FR"))

    assert counts("country", ALL_PLATFORMS) == {
        ("2026-11-22", "", "DE"): (3, 1),
        ("2026-11-23", "", "FR"): (1, 0),
    }
    assert counts("pixel", ALL_PLATFORMS) == {
        ("2026-11-22", "", str(pixel.pk)): (2, 1),
        ("2026-11-22", "", str(other.pk)): (1, 1),
        ("2026-11-23", "", str(other.pk)): (1, 0),
    }


def test_a_proxy_is_a_visit_without_country_language_device_or_visitor(take, pixel):
    take(hit(pixel, agent=CAMO, country="US", language="en", visitor=9))

    assert counts("total") == {("2026-11-22", "github", ""): (1, 0)}
    assert counts("traffic") == {("2026-11-22", "github", "proxied"): (1, 0)}
    for dimension in ("country", "language", "device", "browser", "os"):
        assert counts(dimension) == {("2026-11-22", "github", ""): (1, 0)}
    stored = Hit.objects.get()
    assert (stored.country, stored.language, stored.visitor) == ("", "", None)


def test_bots_are_filtered_out_whether_the_web_process_or_the_drain_recognised_them(take, pixel):
    take(
        hit(pixel, agent="curl/8", verdict=Verdict.BOT),
        hit(pixel, agent="Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)"),
    )

    assert counts("total") == {}
    assert counts("traffic") == {("2026-11-22", "(direct)", "bot"): (2, 0)}
    assert counts("verdict") == {("2026-11-22", "(direct)", "bot"): (2, 0)}


def test_prefetched_and_excess_hits_are_filtered_out_with_their_reason(take, pixel):
    take(hit(pixel, verdict=Verdict.PREFETCH), hit(pixel, verdict=Verdict.EXCESS))

    assert {row.dimension for row in DailyCount.objects.all()} == {Dimension.VERDICT}
    assert counts("verdict") == {
        ("2026-11-22", "(direct)", "prefetch"): (1, 0),
        ("2026-11-22", "(direct)", "excess"): (1, 0),
    }


def test_a_reader_who_opted_out_is_a_visit_without_a_visitor(take, pixel):
    take(hit(pixel, verdict=Verdict.OPTED_OUT, agent="", country="", language="", visitor=None, placement="medium"))

    assert counts("total") == {("2026-11-22", "medium", ""): (1, 0)}
    assert counts("hour") == {("2026-11-22", "medium", "11"): (1, 0)}
    assert counts("verdict") == {("2026-11-22", "medium", "opted-out"): (1, 0)}


def test_the_end_of_an_article_is_not_a_second_visit(take, pixel):
    take(hit(pixel), hit(pixel, is_end=True))

    assert counts("total") == {("2026-11-22", "(direct)", ""): (1, 1)}
    assert counts("position") == {
        ("2026-11-22", "(direct)", "start"): (1, 1),
        ("2026-11-22", "(direct)", "end"): (1, 0),
    }


@pytest.mark.parametrize(
    ("fields", "platform"),
    [
        ({"placement": "medium"}, "medium"),
        ({"placement": "medium", "page": "https://dev.to/a"}, "medium"),
        ({"placement": "our-intranet"}, "our-intranet"),
        ({"placement": "made-up"}, "(other)"),
        ({"agent": CAMO}, "github"),
        ({"agent": CAMO, "placement": "npm"}, "npm"),
        ({"page": "https://dev.to/a/b"}, "dev-to"),
        ({"page": "https://author.hashnode.dev/b"}, "hashnode"),
        ({"page": "https://blog.example.org:8443/b"}, "blog.example.org"),
        ({"page": "https://notmedium.com/"}, "notmedium.com"),
        ({}, "(direct)"),
    ],
)
def test_the_strongest_evidence_decides_the_platform(take, pixel, fields, platform):
    Pixel.objects.update(placements=["our-intranet"])
    take(hit(pixel, **fields))

    assert Hit.objects.get().platform == platform


def test_invented_pages_and_hosts_are_capped_by_day_and_the_rest_is_other(take, pixel, monkeypatch):
    monkeypatch.setattr(caps, "MAX_PAGES", 3)
    monkeypatch.setattr(caps, "MAX_PLATFORMS", 2)
    take(*(hit(pixel, page=f"https://host{number}.example/") for number in range(4)))
    take(hit(pixel, page="https://host9.example/"), hit(pixel, page="https://host0.example/"))
    take(hit(pixel, "2026-11-23T10:00", page="https://host9.example/"))

    pages = {(day, value): visits for (day, _, value), (visits, _) in counts("page").items()}
    assert pages == {
        ("2026-11-22", "host0.example/"): 2,
        ("2026-11-22", "host1.example/"): 1,
        ("2026-11-22", "host2.example/"): 1,
        ("2026-11-22", "(other)"): 2,
        ("2026-11-23", "host9.example/"): 1,
    }
    assert {platform for day, platform, _ in counts("total") if day == "2026-11-22"} == {
        "host0.example", "host1.example", "(other)",
    }  # fmt: skip


def test_unlisted_hosts_are_also_capped_in_the_whole_project(take, project, pixel, monkeypatch):
    monkeypatch.setattr(caps, "MAX_PLATFORMS", 2)
    monkeypatch.setattr(caps, "MAX_PROJECT_PLATFORMS", 3)
    others = [Pixel.objects.create(project=project, title=str(number)) for number in range(2)]
    elsewhere = Pixel.objects.create(project=Project.objects.create(name="Two", slug="two"), title="Two")
    take(*(hit(pixel, page=f"https://host{number}.example/") for number in range(2)))
    take(*(hit(others[0], page=f"https://host{number}.example/") for number in range(1, 3)))
    take(*(hit(others[1], page=f"https://host{number}.example/") for number in range(2, 5)))
    take(hit(elsewhere, page="https://host7.example/"))

    seen = set(Hit.objects.values_list("pixel__title", "platform"))
    assert seen == {
        ("Hello", "host0.example"), ("Hello", "host1.example"), ("0", "host1.example"), ("0", "host2.example"),
        ("1", "host2.example"), ("1", "(other)"), ("Two", "host7.example"),
    }  # fmt: skip


@pytest.mark.parametrize("most", ["MAX_PLATFORMS", "MAX_PROJECT_PLATFORMS"])
def test_a_flood_of_unlisted_hosts_never_hides_a_known_platform(take, pixel, monkeypatch, most):
    monkeypatch.setattr(caps, most, 2)
    Pixel.objects.update(placements=["our-intranet"])
    take(*(hit(pixel, page=f"https://host{number}.example/") for number in range(4)))
    take(
        hit(pixel),
        hit(pixel, placement="our-intranet"),
        hit(pixel, placement="github"),
        hit(pixel, agent=CAMO),
        hit(pixel, page="https://medium.com/@a/b"),
    )

    assert {platform for _, platform, _ in counts("total")} == {
        "host0.example", "host1.example", "(other)", "(direct)", "our-intranet", "github", "medium",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "at", "day", "hour"),
    [
        ("Europe/Berlin", "2026-11-22T22:59:59", "2026-11-22", "23"),
        ("Europe/Berlin", "2026-11-22T23:00:00", "2026-11-23", "00"),
        ("Europe/Berlin", "2026-03-29T00:59:59", "2026-03-29", "01"),
        ("Europe/Berlin", "2026-03-29T01:00:00", "2026-03-29", "03"),
        ("Europe/Berlin", "2026-10-25T00:30:00", "2026-10-25", "02"),
        ("Europe/Berlin", "2026-10-25T01:30:00", "2026-10-25", "02"),
        ("Asia/Kathmandu", "2026-01-01T18:14:59", "2026-01-01", "23"),
        ("Asia/Kathmandu", "2026-01-01T18:15:00", "2026-01-02", "00"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00", "2026-04-05", "01"),
        ("Pacific/Kiritimati", "2026-01-01T10:00:00", "2026-01-02", "00"),
        ("UTC", "2026-12-31T23:59:59", "2026-12-31", "23"),
    ],
)
def test_days_and_hours_are_those_of_the_projects_time_zone(take, project, pixel, zone, at, day, hour):
    Project.objects.update(timezone=zone)
    take(hit(pixel, at))

    assert counts("hour") == {(day, "(direct)", hour): (1, 1)}


ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Monrovia"]


@settings(max_examples=200, deadline=None, database=None)
@given(st.integers(micros("1972-02-01T00:00"), micros("2040-01-01T00:00")), st.sampled_from(ZONES))
def test_a_quarter_hour_has_the_day_and_hour_of_each_of_its_moments(at_us, zone):
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone))
    assert local_day_and_hour(at_us, zone) == (local.date().isoformat(), f"{local.hour:02}")


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
            ["", "https://a.example/", "https://b.example/x", "https://c.example/", "https://dev.to/y"]
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
        elif row.pixel_id != WHOLE_PROJECT and row.dimension == Dimension.POSITION and row.platform != "dev-to":
            numbers, key = sums, (READING[row.value].value, row.date, str(row.pixel_id))
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


def test_rebuilding_leaves_other_projects_alone(take, project, pixel):
    other = Project.objects.create(name="Other", slug="other")
    take(hit(pixel), hit(Pixel.objects.create(project=other, title="x")))
    DailyCount.objects.update(hits=100)

    rebuild(project)

    assert {row.hits for row in DailyCount.objects.filter(project=other)} == {100}
    assert {row.hits for row in DailyCount.objects.filter(project=project)} == {1}
