"""Which days of a program stand out, and what the publication of its weeks does about them."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from collector.models import Driver, LeftOut, PublishedPart, PublishedWeek, ReportCount, ReportDimension
from collector.models.left_out import NEW_ONES
from collector.storage.decisions import leave_out, let_count
from collector.storage.publication import HOLD, publish
from collector.storage.spikes import mark_spikes, standing_out
from tests.programs import DECLARATION, declared

DAY = timedelta(days=1)
TODAY = date(2026, 11, 22)
FIRST = TODAY - 60 * DAY
ACTIVE, VERSION, OS = ReportDimension.ACTIVE, ReportDimension.VERSION, ReportDimension.OS
PUBLIC = DECLARATION.replace('kind = "command"', 'kind = "command"\npublic = ["actives"]')
RELEASED = f'\n[versions.released]\n"3.0" = {TODAY - 3 * DAY}\n"2.0" = {TODAY - 200 * DAY}\n'


@pytest.mark.parametrize(
    ("before", "number", "usual"),
    [
        ([0] * 28, 20, 0),
        ([0] * 28, 19, None),  # too few to say anything
        ([100, 102, 98, 101] * 7, 130, None),  # far from usual, but not twice as many
        ([100, 102, 98, 101] * 7, 201, 100),
        ([100] * 10 + [20] * 4 + [100] * 10 + [20] * 4, 190, None),
        ([100, 10] * 14, 250, None),  # it always varies that much
        ([10] * 27 + [5000], 40, 10),  # one earlier spike hides nothing
        ([10] * 13, 500, None),  # too few days
        ([10] * 14, 500, 10),
    ],
)
def test_a_day_stands_out_if_it_is_far_above_what_the_weeks_before_say(before, number, usual):
    by_day = {TODAY - (ago + 1) * DAY: count for ago, count in enumerate(before)} | {TODAY: number}

    spikes = standing_out(NEW_ONES, by_day, [TODAY], TODAY - len(before) * DAY)

    assert [(one.reports, one.usual) for one in spikes] == ([] if usual is None else [(number, usual)])


def count(pixel, dimension, value, reports, day=TODAY, gap=0, driver=Driver.PERSON):
    ReportCount.objects.create(
        project=pixel.project, pixel=pixel, dimension=dimension, value=value, reports=reports, date=day, gap=gap,
        driver=driver,
    )  # fmt: skip


def mark(pixel, today=TODAY) -> set[tuple[str, str]]:
    mark_spikes(pixel, datetime(today.year, today.month, today.day, 12, tzinfo=UTC))
    return {(row.date.isoformat(), row.what) for row in LeftOut.objects.filter(decided_at=None)}


@pytest.mark.django_db
def test_what_stands_out_is_marked_with_what_it_is_made_of_until_it_does_not_any_more(project):
    program = declared(project, DECLARATION + RELEASED)
    count(program, ACTIVE, "", 1, FIRST)
    for dimension, value, reports in (
        (ACTIVE, "", 500), (OS, "windows", 490), (OS, "linux", 10), (VERSION, "3.0", 200), (VERSION, "2.0", 180),
        (VERSION, "9.9", 120),
    ):  # fmt: skip
        count(program, dimension, value, reports)
    count(program, ACTIVE, "", 900, gap=1)
    count(program, OS, "linux", 900, driver=Driver.CI)
    day = TODAY.isoformat()

    assert mark(program) == {(day, "new"), (day, "os=windows"), (day, "version=2.0"), (day, "version=9.9")}
    new = LeftOut.objects.get(what="new")
    assert (new.reports, new.usual, new.is_out) == (500, 0, False)
    assert msgspec.json.decode(new.made_up_of) == [["os", "windows", 490]]
    count(program, ACTIVE, "", 100, driver=Driver.SERVER)
    ReportCount.objects.filter(value="9.9").delete()
    assert mark(program) == {(day, "new"), (day, "os=windows"), (day, "version=2.0")}
    assert LeftOut.objects.get(what="new").reports == 600
    let_count(program, TODAY, NEW_ONES, "We were in the news.", None)
    assert mark(program) == {(day, "os=windows"), (day, "version=2.0")}
    assert mark(program, TODAY + 60 * DAY) == {(day, "os=windows"), (day, "version=2.0")}


def weeks() -> list[tuple[date, int]]:
    return list(PublishedWeek.objects.order_by("week", "part").values_list("week", "part"))


def publish_on(day: date) -> None:
    for _ in publish(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), None):
        pass


@pytest.mark.django_db
@pytest.mark.parametrize("decide", [leave_out, let_count])
def test_a_week_is_published_once_its_owner_has_decided_about_it(project, decide):
    program = declared(project, PUBLIC)
    monday = date(2026, 11, 9)
    count(program, ACTIVE, "", 30, monday)
    LeftOut.objects.create(project=project, pixel=program, date=monday + DAY, what=NEW_ONES, is_out=False)

    publish_on(monday + 9 * DAY)
    assert weeks() == []
    decide(program, monday + DAY, NEW_ONES, "It is made up.", None)
    LeftOut.objects.update(is_pending=True)
    publish_on(monday + 9 * DAY)
    assert weeks() == []
    LeftOut.objects.update(is_pending=False)
    publish_on(monday + 9 * DAY)
    assert weeks() == [(monday, PublishedPart.INSTALLATIONS)]


@pytest.mark.django_db
def test_a_week_does_not_wait_for_ever_nor_for_what_one_network_sent_too_much(project):
    program = declared(project, PUBLIC)
    monday = date(2026, 11, 9)
    count(program, ACTIVE, "", 30, monday)
    spike = LeftOut.objects.create(project=project, pixel=program, date=monday, what="os=linux", is_out=False)
    LeftOut.objects.create(project=project, pixel=program, date=monday, what="excess")

    publish_on(monday + 7 * DAY + HOLD - DAY)
    assert (monday, PublishedPart.INSTALLATIONS) not in weeks()
    publish_on(monday + 7 * DAY + HOLD)
    assert (monday, PublishedPart.INSTALLATIONS) in weeks()
    PublishedWeek.objects.all().delete()
    spike.delete()
    publish_on(monday + 9 * DAY)
    assert weeks() == [(monday, PublishedPart.INSTALLATIONS)]
