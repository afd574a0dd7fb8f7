"""Raw hits in partitions by month, on PostgreSQL: made ahead, dropped whole, and nothing refused."""

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from collector.models import Hit, Pixel, Project, StringUse, UserAgent
from collector.storage import retention
from collector.storage.hit_months import drop_months, expired_months, make_months, partitions
from collector.storage.hourly import Hourly
from collector.storage.retention import delete_expired
from tests.collector.storage.hit_tables import tables_of_hits, to_months, to_one_table
from tests.hits import hit
from tests.server import eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql,
    pytest.mark.skipif("CITUS_URL" in os.environ, reason="the table is moved to months before it is distributed"),
]


def names() -> list[str]:
    return [partition.name for partition in partitions().ranges]


def the_only_table_is_plain() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relkind FROM pg_class WHERE relname LIKE 'collector\\_hit%' AND relkind IN ('r', 'p')")
        return cursor.fetchall() == [("r",)]


def in_months(start: datetime, months: int) -> datetime:
    number = start.year * 12 + start.month - 1 + months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def test_the_table_of_today_becomes_the_first_partition_and_comes_back(months, take, pixel):
    now = datetime.now(UTC)
    to_one_table()
    assert the_only_table_is_plain()
    take(hit(pixel, "2020-01-01T00:00"), hit(pixel, now.isoformat()))

    to_months()

    after_next = in_months(now, 2)
    first = f"collector_hit_before_{after_next:%Y_%m}"
    assert names() == [first, f"collector_hit_{after_next:%Y_%m}"]
    take(hit(pixel, after_next.isoformat(), visitor=2), hit(pixel, "2100-01-01T00:00", visitor=3))
    stored = {first: 2, f"collector_hit_{after_next:%Y_%m}": 1, "collector_hit_default": 1}
    assert tables_of_hits() == stored
    hits = list(Hit.objects.order_by("at").values_list())
    to_months()  # nothing is left to do
    assert tables_of_hits() == stored

    to_one_table()
    assert the_only_table_is_plain()
    assert list(Hit.objects.order_by("at").values_list()) == hits
    to_months()
    assert list(Hit.objects.order_by("at").values_list()) == hits


def test_hits_ahead_of_their_time_find_a_partition_when_the_table_moves(months, take, pixel):
    ahead = in_months(datetime.now(UTC), 2)
    to_one_table()
    take(hit(pixel, "2020-01-01T00:00"), hit(pixel, ahead.isoformat()), hit(pixel, "2100-01-01T00:00"))

    to_months()

    first = f"collector_hit_before_{ahead:%Y_%m}"
    assert tables_of_hits() == {first: 1, f"collector_hit_{ahead:%Y_%m}": 1, "collector_hit_default": 1}


def test_a_move_that_was_killed_can_be_started_again(months, take, pixel):
    to_one_table()
    take(hit(pixel))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE collector_hit ADD CONSTRAINT hits_before_month CHECK (at < '2021-01-01') NOT VALID")

    to_months()

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE conname = 'hits_before_month'")
        assert cursor.fetchone() == (0,)
    assert sum(tables_of_hits().values()) == 1


def test_months_are_made_two_ahead_once_whatever_the_clock_says(months, db):
    made = len(names())
    assert make_months(datetime.now(UTC)) == 0
    assert make_months(datetime(2030, 12, 31, 23, tzinfo=UTC)) == 3
    assert names()[made:] == ["collector_hit_2030_12", "collector_hit_2031_01", "collector_hit_2031_02"]
    assert make_months(datetime(2031, 1, 1, tzinfo=UTC)) == 1
    assert make_months(datetime(1970, 1, 1, tzinfo=UTC)) == 0


def test_hits_without_a_month_wait_in_the_default_partition_for_it(months, take, pixel):
    take(*(hit(pixel, f"2031-0{month}-01T00:00", visitor=month) for month in range(1, 6)))
    assert tables_of_hits() == {"collector_hit_default": 5}
    hits = list(Hit.objects.order_by("at").values_list())

    assert make_months(datetime(2031, 2, 10, tzinfo=UTC)) == 3

    moved = {f"collector_hit_2031_0{month}": 1 for month in (2, 3, 4)}
    assert tables_of_hits() == moved | {"collector_hit_default": 2}
    assert list(Hit.objects.order_by("at").values_list()) == hits


def test_a_month_with_many_hits_in_the_default_partition_stays_there(months, take, pixel, monkeypatch, caplog):
    monkeypatch.setattr("collector.storage.hit_months.MOST_MOVED", 2)
    take(*(hit(pixel, f"2031-0{month}-01T00:00", visitor=n) for n, month in enumerate("222344")))

    assert make_months(datetime(2031, 2, 10, tzinfo=UTC)) == 2

    assert tables_of_hits() == {"collector_hit_default": 3, "collector_hit_2031_03": 1, "collector_hit_2031_04": 2}
    assert "hits of 2031-02 are in collector_hit_default and stay there" in caplog.text
    take(hit(pixel, "2031-02-20T00:00", visitor=7))
    assert tables_of_hits()["collector_hit_default"] == 4


def held(statement: str) -> tuple[threading.Thread, threading.Event]:
    """Run a statement in a transaction that stays open in a thread, until the event is set."""
    has_begun, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            has_begun.set()
            may_end.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert has_begun.wait(30)
    return thread, may_end


def test_a_month_in_use_is_made_later_and_the_drain_goes_on(months, tmp_path, monkeypatch):
    monkeypatch.setattr("collector.storage.hit_months.LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr("collector.storage.hourly.timezone.now", lambda: datetime(2030, 5, 1, tzinfo=UTC))
    seconds = [10.0]
    hourly = Hourly(tmp_path, lambda: seconds[0])
    before = names()
    thread, may_end = held("SELECT count(*) FROM collector_hit_default")
    try:
        hourly.make_months()
        assert names() == before
    finally:
        may_end.set()
        thread.join()
    hourly.make_months()
    assert names() == before  # once an hour
    seconds[0] += 3600
    hourly.make_months()
    assert len(names()) == len(before) + 3


VACUUMED = "LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE"  # as vacuum locks it
WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = %s::regclass)"


@pytest.mark.parametrize(
    ("table", "work"),
    [
        ("collector_hit_default", lambda: make_months(datetime(2030, 5, 1, tzinfo=UTC))),
        ("collector_hit_2031_01", lambda: drop_months(expired_months(datetime(2031, 2, 1, tzinfo=UTC)))),
        ("collector_hit", to_months),
    ],
)
def test_nobody_queues_behind_us_while_vacuum_finishes(months, take, project, table, work):
    hits_of_two_months(take, two_projects(project))
    if work is to_months:
        to_one_table()
    vacuum, may_end = held(VACUUMED.format(table))
    others = threading.Thread(target=lambda: (work(), connection.close()))
    others.start()
    try:
        with connection.cursor() as cursor:

            def is_waiting() -> bool:
                cursor.execute(WAITING, [table])
                return bool(cursor.fetchone()[0])

            eventually(is_waiting, 10)
            cursor.execute("SET lock_timeout = '100ms'")
            cursor.execute("SELECT count(*) FROM collector_hit")
            assert cursor.fetchone()[0] >= 2
            cursor.execute("RESET lock_timeout")
    finally:
        may_end.set()
        for thread in (vacuum, others):
            thread.join()


def test_another_drain_that_makes_the_months_is_not_waited_for(months, db):
    thread, may_end = held(f"SELECT pg_advisory_xact_lock({0x_F007_FA11_0001})")
    try:
        assert make_months(datetime(2030, 5, 1, tzinfo=UTC)) == 0
    finally:
        may_end.set()
        thread.join()


def two_projects(project: Project) -> list[Pixel]:
    """Return pixels of two projects, one of which keeps hits for longer and in another time zone."""
    Project.objects.filter(pk=project.pk).update(retention_days=20)
    other = Project.objects.create(name="Other", slug="other", timezone="America/New_York", retention_days=40)
    return [Pixel.objects.create(project=owner, title="x") for owner in (project, other)]


def what_is_left() -> list[object]:
    """Return everything that a deletion leaves: hits, uses of strings, strings, and what projects say of them."""
    uses = StringUse.objects.order_by("pk").values_list("project__slug", "kind", "seen_before")
    return [
        list(Hit.objects.order_by("at", "project").values_list("at", "project__slug", "visitor")),
        sorted(uses),
        sorted(UserAgent.objects.values_list("string", flat=True)),
        list(Project.objects.order_by("slug").values_list("slug", "hits_kept_since", "counted_from")),
    ]


@pytest.mark.parametrize("days_later", [15, 75, 100])
def test_what_a_dropped_month_leaves_is_what_deleted_rows_leave(months, take, project, monkeypatch, days_later):
    """Both ways from the same hits of 100 days, with a clock of any day after them."""
    pixels = two_projects(project)
    first_day = datetime(2031, 1, 1, 4, 30, tzinfo=UTC)
    left = []
    for drops in (False, True):
        make_months(first_day)
        make_months(first_day + timedelta(days=90))
        for day in range(100):
            at = (first_day + timedelta(days=day)).isoformat()
            agents = f"Mozilla/5.0 (X11; Linux x86_64; rv:{day // 9}) Gecko/20100101 Firefox/{day // 9}"
            if day % 10 == 0:
                take(*(hit(pixel, at, agent=agents, visitor=day) for pixel in pixels))
        if not drops:
            monkeypatch.setattr(retention, "expired_months", lambda until: [])
        delete_expired(first_day + timedelta(days=days_later), allows_large=True)
        monkeypatch.undo()
        left.append(what_is_left())
        assert ("collector_hit_2031_01" in names()) == (not drops or days_later < 75)
        Hit.objects.all().delete()
        Project.objects.update(hits_kept_since=None, counted_from=None)
        StringUse.objects.all().delete()
        UserAgent.objects.all().delete()
    assert left[0] == left[1]


def hits_of_two_months(take, pixels: list[Pixel]) -> None:
    make_months(datetime(2031, 1, 1, tzinfo=UTC))
    make_months(datetime(2031, 4, 1, tzinfo=UTC))
    take(*(hit(pixel, f"2031-{month}-15T12:00", visitor=n) for month in ("01", "04") for n, pixel in enumerate(pixels)))


AFTER_JANUARY = datetime(2031, 4, 20, tzinfo=UTC)


def test_a_month_stays_while_one_project_keeps_it_or_fails(months, take, project):
    pixels = two_projects(project)
    hits_of_two_months(take, pixels)
    Project.objects.filter(slug="other").update(retention_days=400)
    delete_expired(AFTER_JANUARY, allows_large=True)
    assert tables_of_hits() == {"collector_hit_2031_01": 1, "collector_hit_2031_04": 2}

    Project.objects.filter(slug="other").update(timezone="Mars/Olympus", counted_zone="Mars/Olympus", retention_days=1)
    delete_expired(AFTER_JANUARY, allows_large=True)
    assert tables_of_hits() == {"collector_hit_2031_01": 1, "collector_hit_2031_04": 2}


def test_a_month_stays_while_a_project_refuses_a_large_deletion(months, take, project):
    pixels = two_projects(project)
    hits_of_two_months(take, pixels)
    delete_expired(datetime(2031, 1, 20, tzinfo=UTC), allows_large=True)

    delete_expired(AFTER_JANUARY)

    assert tables_of_hits() == {"collector_hit_2031_01": 2, "collector_hit_2031_04": 2}


def test_what_can_not_be_dropped_now_is_deleted_by_rows(months, take, project, monkeypatch):
    monkeypatch.setattr("collector.storage.hit_months.LOCK_TIMEOUT", "50ms")
    hits_of_two_months(take, two_projects(project))
    thread, may_end = held("SELECT count(*) FROM collector_hit")  # such as an export
    try:
        assert delete_expired(AFTER_JANUARY, allows_large=True) >= 2
    finally:
        may_end.set()
        thread.join()
    assert tables_of_hits() == {"collector_hit_2031_04": 2}
    assert "collector_hit_2031_01" in names()


def test_the_hits_of_a_dropped_month_are_counted(months, take, project):
    hits_of_two_months(take, two_projects(project))
    expired = expired_months(datetime(2031, 2, 1, tzinfo=UTC))
    assert drop_months(expired) >= 2
    assert tables_of_hits() == {"collector_hit_2031_04": 2}
    assert drop_months(expired) == 0  # as a second drain that found them before

    to_one_table()  # although the first partition is gone
    assert the_only_table_is_plain()
    assert Hit.objects.count() == 2
