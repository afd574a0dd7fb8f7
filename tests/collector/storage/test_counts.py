"""What hits add to the counts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.models import DailyCount, Dimension, Hit, Pixel, Project, Verdict
from collector.models.counts import ALL_PLATFORMS, WHOLE_PROJECT
from collector.storage import caps
from collector.storage.countable import COLUMNS, countables, local_day_and_hour
from collector.storage.counts import Counts
from collector.storage.moments import EpochSecond
from tests.clock import ZONES
from tests.hits import CAMO, counts, hit, micros

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_what_is_removed_never_makes_less_than_nothing(take, project, pixel):
    take(hit(pixel, visitor=1), hit(pixel, visitor=1))
    [former] = countables(project, stored_rows(project)[:1])
    former.new_to_pixel = former.new_to_project = True
    for _ in range(2):
        DailyCount.objects.update(visitors=0)
        removed, counted = Counts(), Counts()
        removed.add(former)
        counted.remove(removed)
        counted.store()
        assert not DailyCount.objects.filter(visitors__lt=0).exists()

    assert not DailyCount.objects.exists()


def stored_rows(project):
    return list(Hit.objects.filter(project=project).annotate(second=EpochSecond("at")).values_list(*COLUMNS))


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
    take(hit(pixel), hit(pixel, "2026-11-22T10:05", is_end=True))

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
        ({"page": "https://blog.example.org:8443/b"}, "example.org"),
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


@settings(max_examples=200, deadline=None, database=None)
@given(st.integers(micros("1972-02-01T00:00"), micros("2040-01-01T00:00")), st.sampled_from(ZONES))
def test_a_quarter_hour_has_the_day_and_hour_of_each_of_its_moments(at_us, zone):
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(ZoneInfo(zone))
    assert local_day_and_hour(at_us, zone) == (local.date().isoformat(), f"{local.hour:02}")
