"""The public statistics of a program: which weeks, when, and that they never change."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import msgspec
import pytest

from collector.models import Driver, Pixel, PublishedPart, PublishedWeek, ReportDimension
from collector.programs.published import PublishedEvent, PublishedEvents, PublishedInstallations
from collector.programs.small_counts import PublishedTable
from collector.storage.publication import publish
from tests.programs import DECLARATION, declared
from tests.programs import count as write_count

pytestmark = pytest.mark.django_db

WEEK = date(2026, 11, 9)  # a Monday
count = partial(write_count, day=WEEK)
PUBLIC = DECLARATION.replace('kind = "command"', 'kind = "command"\npublic = ["actives"]')
ACTIVE, VERSION, OS, EVENT = (
    ReportDimension.ACTIVE, ReportDimension.VERSION, ReportDimension.OS, ReportDimension.EVENT,
)  # fmt: skip


@pytest.fixture
def public_program(project) -> Pixel:
    return declared(project, PUBLIC)


def publish_on(day: date, waiting_since: date | None = None) -> int:
    return sum(publish(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), waiting_since))


def installations(week: date = WEEK) -> PublishedInstallations:
    row = PublishedWeek.objects.get(week=week, part=PublishedPart.INSTALLATIONS)
    return msgspec.json.decode(row.body, type=PublishedInstallations)


def test_a_week_is_published_two_days_after_its_end_and_its_events_a_week_later(public_program):
    count(public_program, ACTIVE, reports=12)
    count(public_program, EVENT, "build", 11, number=40)
    count(public_program, EVENT, "former", 9, number=90)

    assert publish_on(date(2026, 11, 17)) == 0
    assert publish_on(date(2026, 11, 18)) == 1
    assert installations().installations == 12
    assert publish_on(date(2026, 11, 24)) == 0
    assert publish_on(date(2026, 11, 25)) == 2  # and the installations of the week after
    row = PublishedWeek.objects.get(week=WEEK, part=PublishedPart.EVENTS)
    assert msgspec.json.decode(row.body, type=PublishedEvents).events == (PublishedEvent("build", 11, 40),)


def test_each_installation_counts_once_in_a_week_with_what_it_first_said(public_program):
    thursday = WEEK + timedelta(3)
    count(public_program, ACTIVE, reports=20)
    count(public_program, VERSION, "2.4.1", 20)
    count(public_program, ACTIVE, reports=18, day=thursday, gap=3)  # reported on Monday, too
    count(public_program, VERSION, "2.5.0", 18, day=thursday, gap=3)
    count(public_program, ACTIVE, reports=15, day=thursday, gap=4)
    count(public_program, VERSION, "2.5.0", 15, day=thursday, gap=4)
    for driver in (Driver.CI, Driver.DOOR):
        count(public_program, ACTIVE, reports=99, driver=driver)
        count(public_program, VERSION, "2.5.0", 99, driver=driver)

    publish_on(WEEK + timedelta(9))

    assert installations() == PublishedInstallations(35, {"version": PublishedTable((("2.4.1", 20), ("2.5.0", 15)), 0)})


def test_unknown_values_and_reports_without_one_are_one_value(public_program):
    count(public_program, ACTIVE, reports=70)
    count(public_program, ReportDimension.COUNTRY, "DE", 40)
    count(public_program, ReportDimension.COUNTRY, "FR", 15)
    count(public_program, OS, "linux", 30)
    count(public_program, OS, "other", 40)

    publish_on(WEEK + timedelta(9))

    tables = installations().tables
    assert tables["os"] == PublishedTable((("unknown", 40), ("linux", 30)), 0)
    assert tables["country"] == PublishedTable((("DE", 40), ("FR", 15), ("unknown", 15)), 0)


def test_of_a_week_with_few_installations_nothing_is_public(public_program):
    count(public_program, ACTIVE, reports=9)
    count(public_program, OS, "linux", 9)

    publish_on(WEEK + timedelta(9))

    assert installations() == PublishedInstallations(None, {})


def test_a_published_week_never_changes(public_program):
    count(public_program, ACTIVE, reports=12)
    publish_on(WEEK + timedelta(9))
    count(public_program, ACTIVE, reports=5, day=WEEK + timedelta(1))

    assert publish_on(WEEK + timedelta(10)) == 0
    assert installations().installations == 12


def test_a_week_waits_for_reports_in_the_spool_of_any_collector(public_program):
    count(public_program, ACTIVE, reports=12)

    assert publish_on(WEEK + timedelta(9), waiting_since=WEEK + timedelta(8)) == 0
    assert publish_on(WEEK + timedelta(10), waiting_since=WEEK + timedelta(9)) == 1


def test_earlier_weeks_of_a_program_that_is_public_only_now_are_published_too(public_program):
    count(public_program, ACTIVE, reports=30, day=WEEK - timedelta(weeks=60))
    count(public_program, ACTIVE, reports=31, day=WEEK - timedelta(weeks=20))

    publish_on(WEEK)

    weeks = PublishedWeek.objects.filter(part=PublishedPart.INSTALLATIONS).values_list("week", flat=True)
    assert min(weeks) == WEEK - timedelta(weeks=52)
    assert max(weeks) == WEEK - timedelta(weeks=2)
    assert installations(WEEK - timedelta(weeks=20)).installations == 31
    assert installations(WEEK - timedelta(weeks=19)).installations is None


def test_other_programs_publish_nothing(program, project):
    retired = declared(project, PUBLIC.replace("paperclip", "stapler"), retired_at=datetime(2026, 11, 1, tzinfo=UTC))
    for pixel in (program, retired):
        count(pixel, ACTIVE, reports=30)

    assert publish_on(WEEK + timedelta(20)) == 0
    assert not PublishedWeek.objects.exists()


def test_versions_that_were_never_released_are_published_together(project):
    program = declared(project, PUBLIC + '[versions.released]\n"2.4.1" = 2026-10-01\n')
    count(program, ACTIVE, reports=80)
    for version, reports in (("2.4.1", 30), ("9.9.9", 20), ("9.9.8", 15), ("other", 15)):
        count(program, VERSION, version, reports)

    publish_on(WEEK + timedelta(9))

    assert installations().tables["version"].values == (("unknown", 50), ("2.4.1", 30))
