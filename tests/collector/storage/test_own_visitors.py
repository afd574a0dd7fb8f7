"""Members' own readings: filtered out from the day's first on, in whatever order hits and own lines are drained."""

import threading
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.classify.agents import Agent
from collector.models import (
    DailyCount,
    DailyReading,
    DailyVisitor,
    Hit,
    Membership,
    OwnVisitor,
    Pixel,
    Project,
    SpoolOffset,
    Verdict,
)
from collector.spool.line import SpooledHit
from collector.spool.own_line import SpooledMember
from collector.spool.report_line import from_line
from collector.storage import interned, store
from collector.storage.own_visitors import MAX_BROWSERS, store_own_visitors
from collector.storage.rebuild import rebuild
from collector.storage.reclassify import reclassify, reclassify_agents
from collector.storage.retention import delete_expired
from tests.endpoints import CHROME
from tests.hits import CAMO, IPHONE, counts, drain, hit, micros, spool
from tests.server import eventually

pytestmark = pytest.mark.django_db(transaction=True)
DAY = "2026-11-22"
NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture(autouse=True)
def ignores_members(project, owner):
    assert project.ignores_members  # the default of a new project


def own(project: Project, visitor: int, day: str = DAY, at: str = "2026-11-22T12:00") -> SpooledMember:
    return SpooledMember(project.pk, day, visitor, micros(at))


def end(pixel: Pixel, at: str, **fields: object) -> SpooledHit:
    return hit(pixel, at, is_end=True, **fields)


def everything() -> list[object]:
    """Return all rows that hits leave, without what strings are numbered by."""
    hits = Hit.objects.order_by("at", "id").values_list(
        "at", "id", "visitor", "verdict", "traffic", "platform", "country", "language", "user_agent__string",
        "new_to_pixel", "new_to_project", "reading_seconds",
    )  # fmt: skip
    remembered = (DailyVisitor, OwnVisitor)
    return [list(hits), every_count(), *(sorted(model.objects.values_list()) for model in remembered)]


def every_count() -> list[tuple[object, ...]]:
    return sorted(DailyCount.objects.values_list())


def verdicts() -> list[int]:
    return list(Hit.objects.order_by("at").values_list("verdict", flat=True))


def test_a_members_hits_are_filtered_out_from_the_days_first_on(take, project, pixel):
    take(hit(pixel, "2026-11-22T10:00"), end(pixel, "2026-11-22T10:04"), hit(pixel, "2026-11-22T10:05", visitor=2))
    take(own(project, 1))
    take(hit(pixel, "2026-11-22T13:00"), end(pixel, "2026-11-22T13:00:01"), hit(pixel, "2026-11-22T13:05", visitor=2))

    assert verdicts() == [Verdict.OWN, Verdict.OWN, Verdict.COUNTED, Verdict.OWN, Verdict.OWN, Verdict.COUNTED]
    assert counts("total") == {(DAY, "(direct)", ""): (2, 1)}
    assert counts("verdict") == {(DAY, "(direct)", "own"): (4, 0)}
    assert counts("reading") == counts("finished") == {}
    assert not Hit.objects.filter(verdict=Verdict.OWN).exclude(visitor=None, user_agent=None, country="", language="")


def test_other_days_projects_and_visitors_still_count(take, project, pixel):
    other = Pixel.objects.create(project=Project.objects.create(name="B", slug="b"), title="Other")
    take(own(project, 1, day="2026-11-21", at="2026-11-21T12:00"), own(project, 2))
    take(hit(pixel), hit(other, visitor=2), hit(pixel, "2026-11-22T11:00", agent=CAMO, visitor=2))

    assert verdicts() == [Verdict.COUNTED] * 3


def test_more_members_at_once_than_one_statement_has_room_for(take, project, pixel):
    users = User.objects.bulk_create(User(username=f"member {number}") for number in range(240))
    Membership.objects.bulk_create(Membership(project=project, user=user) for user in users)
    take(hit(pixel, "2026-11-22T10:00"), hit(pixel, "2026-11-22T10:01", visitor=1200), hit(pixel, visitor=1201))
    store_own_visitors([own(project, visitor) for visitor in range(1, 1201)])

    assert sorted(verdicts()) == [Verdict.COUNTED, Verdict.OWN, Verdict.OWN]
    assert counts("total") == {(DAY, "(direct)", ""): (1, 1)}


def test_a_member_has_at_most_five_browsers_a_day_however_many_processes_tell(take, project, pixel):
    take(*(hit(pixel, f"2026-11-22T10:{visitor:02}", visitor=visitor) for visitor in range(1, 21)))
    for visitor in range(1, 21):
        take(own(project, visitor))
    take(*(own(project, visitor) for visitor in range(1, 21)))

    assert verdicts() == [Verdict.OWN] * MAX_BROWSERS + [Verdict.COUNTED] * (20 - MAX_BROWSERS)
    take(own(project, 20, day="2026-11-21", at="2026-11-21T12:00"))  # another day
    assert OwnVisitor.objects.count() == MAX_BROWSERS + 1


@pytest.mark.parametrize(
    "verdict", [Verdict.OPTED_OUT, Verdict.BOT, Verdict.EXCESS, Verdict.PREFETCH, Verdict.PREVIEW, Verdict.EXCLUDED]
)
def test_what_was_filtered_out_for_another_reason_stays_so(take, project, pixel, verdict):
    visitor = None if verdict in {Verdict.OPTED_OUT, Verdict.EXCLUDED} else 1
    hits = [hit(pixel, f"2026-11-22T{hour}:00", verdict=int(verdict), visitor=visitor) for hour in (10, 14)]
    take(hits[0])
    take(own(project, 1), hits[1])

    assert verdicts() == [verdict] * 2


def test_with_the_option_off_members_count_again_and_what_was_filtered_out_stays(take, project, pixel):
    take(own(project, 1), hit(pixel, "2026-11-22T10:00"))
    Project.objects.update(ignores_members=False)
    take(own(project, 2), hit(pixel, "2026-11-22T14:00"), hit(pixel, "2026-11-22T15:00", visitor=2))

    assert verdicts() == [Verdict.OWN, Verdict.COUNTED, Verdict.COUNTED]
    assert not OwnVisitor.objects.exists()


def test_who_came_while_the_option_was_off_is_judged_again_when_told_again(take, project, pixel):
    take(own(project, 1), own(project, 2), hit(pixel, "2026-11-22T10:00"))
    Project.objects.update(ignores_members=False)
    take(hit(pixel, "2026-11-22T11:00"), hit(pixel, "2026-11-22T11:30", visitor=3))
    Project.objects.update(ignores_members=True)
    take(hit(pixel, "2026-11-22T12:00"), hit(pixel, "2026-11-22T13:00", visitor=2))

    running = everything()
    reclassify(project)
    assert everything() == running
    assert verdicts() == [Verdict.OWN, *[Verdict.COUNTED] * 3, Verdict.OWN]

    take(own(project, 1))
    running = everything()
    reclassify(project)
    assert everything() == running
    assert verdicts() == [Verdict.OWN, Verdict.OWN, Verdict.COUNTED, Verdict.OWN, Verdict.OWN]
    assert counts("total") == {(DAY, "(direct)", ""): (1, 1)}


streams = st.lists(
    st.builds(
        dict,
        pixel=st.integers(0, 2),
        at_us=st.integers(micros("2026-11-21T20:00"), micros("2026-11-23T04:00")),
        placement=st.sampled_from(["", "medium", "dev-to"]),
        is_end=st.booleans(),
        verdict=st.sampled_from([*Verdict, *[Verdict.COUNTED] * 12]).filter(
            lambda verdict: verdict != Verdict.TOO_SOON
        ),
        agent=st.sampled_from(["", CHROME, CAMO, "Googlebot/2.1"]),
        page=st.sampled_from(["", "https://a.example/", "https://dev.to/y"]),
        country=st.sampled_from(["", "DE"]),
        visitor=st.none() | st.integers(1, 3),
    ),
    max_size=30,
    unique_by=lambda row: row["at_us"],
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stream=streams, split=st.integers(0, 30), batch_lines=st.integers(1, 12), members=st.sets(st.integers(1, 3)))
def test_the_order_of_hits_and_own_lines_makes_no_difference(tmp_path, stream, split, batch_lines, members):
    states = []
    with transaction.atomic():
        Project.objects.all().delete()
        project = Project.objects.create(name="Stream", slug="stream", timezone="Asia/Kathmandu")
        Membership.objects.create(project=project, user=User.objects.get())
        pixels = [Pixel.objects.create(project=project, title=str(number)) for number in range(3)]
        hits = [SpooledHit(**row | {"token": pixels[row.pop("pixel")].token}) for row in stream]
    told = [own(project, visitor) for visitor in members]
    for number, lines in enumerate(([*told, *hits], [*hits[:split], *told, *hits[split:], *told], [*hits, *told])):
        for model in (Hit, DailyCount, DailyVisitor, DailyReading, OwnVisitor):
            model.objects.all().delete()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("collector.storage.drain.hit_id", lambda line: from_line(line.content).at_us)
            spool(tmp_path / str(number), lines)
            drain(tmp_path / str(number), batch_lines=batch_lines)
        states.append(everything())
        running = every_count()
        rebuild(project)
        assert every_count() == running
    assert states[0] == states[1] == states[2]


def test_lines_of_other_days_and_of_days_without_salt_are_left_out(take, project, pixel):
    take(own(project, 1, day="2026-11-19", at="2026-11-19T12:00"), own(project, 2, day="2026-11-20"))
    take(own(project, 3, day="2026-13-45"), own(Project(pk=project.pk + 1), 4))
    take(own(project, 5, day="2026-11-21", at="2026-11-21T12:00"))

    assert list(OwnVisitor.objects.values_list("date", "visitor")) == [(date(2026, 11, 21), 5)]
    row = SpoolOffset.objects.aggregate(hits=Sum("hits"), set_aside=Sum("set_aside"))
    assert row == {"hits": 0, "set_aside": 0}


def test_members_are_forgotten_with_the_salt_and_what_was_filtered_out_stays_so(take, project, pixel):
    take(hit(pixel), own(project, 1), hit(pixel, visitor=2))
    before = counts("total"), counts("verdict")

    delete_expired(NOW.replace(day=25), allows_large=True)
    assert not OwnVisitor.objects.exists()
    rebuild(project)
    reclassify(project)

    assert (counts("total"), counts("verdict")) == before == (
        {(DAY, "(direct)", ""): (1, 1)}, {(DAY, "(direct)", "own"): (1, 0)}
    )  # fmt: skip


def test_a_member_who_was_taken_for_a_bot_does_not_count_under_new_rules(take, project, pixel, monkeypatch):
    monkeypatch.setattr(interned, "parse_agent", lambda string: Agent(bot="Unheard-of"))
    take(own(project, 1), hit(pixel, agent=IPHONE), hit(pixel, "2026-11-22T11:00", agent=IPHONE, visitor=2))
    monkeypatch.undo()
    monkeypatch.setattr(timezone, "now", lambda: NOW)

    reclassify_agents()
    reclassify(project)

    assert verdicts() == [Verdict.OWN, Verdict.COUNTED]
    assert counts("total") == {(DAY, "(direct)", ""): (1, 1)}
    assert not Hit.objects.filter(verdict=Verdict.OWN).exclude(visitor=None, user_agent=None, country="", language="")


def test_days_that_may_have_been_counted_in_another_time_zone_stay_as_they_are(take, project, pixel):
    take(hit(pixel, "2026-11-22T01:00"))
    running = every_count()
    Project.objects.update(timezone="America/New_York")
    take(own(project, 1, day="2026-11-21"), own(project, 1))
    assert every_count() == running

    take(hit(pixel, "2026-11-22T12:00"))
    assert verdicts() == [Verdict.COUNTED, Verdict.OWN]


def test_views_of_days_that_are_over_are_read_again(take, project, pixel):
    take(hit(pixel, "2026-11-21T10:00"), own(project, 1))
    project.refresh_from_db()
    assert project.recounted_at is None

    take(own(project, 1, day="2026-11-21"))

    project.refresh_from_db()
    assert project.recounted_at == NOW


@pytest.mark.postgresql
def test_a_drain_that_stores_hits_meanwhile_is_waited_for(project, pixel, take):
    """The other drain has looked for own visitors already: it finds none, and counts the hit."""
    is_locked, may_go_on = threading.Event(), threading.Event()

    def pause(hits: object) -> None:
        is_locked.set()
        may_go_on.wait(30)

    def store_a_hit() -> None:
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(store, "mark_own", pause)
                take(hit(pixel))
        finally:
            connection.close()

    def tell() -> None:
        try:
            store_own_visitors([own(project, 1)])
        finally:
            connection.close()

    threads = [threading.Thread(target=store_a_hit), threading.Thread(target=tell)]
    threads[0].start()
    assert is_locked.wait(30)
    threads[1].start()
    eventually(lambda: waiting_for_locks() or not threads[1].is_alive(), 30)
    may_go_on.set()
    for thread in threads:
        thread.join(30)

    assert verdicts() == [Verdict.OWN]
    assert counts("total") == {}


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]
