"""A program without reports: the way to its first one, and the line that waits for it."""

import json
from datetime import date

import pytest
from django.contrib.auth.models import User

from collector.models import Kind, Membership, Pixel, Project, ReportCount, ReportDimension, Role
from tests.dashboard.conftest import NOON
from tests.dashboard.snippets.pages import text
from tests.programs import DECLARATION, declared

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "public_url"), pytest.mark.one_database]


@pytest.fixture
def paperclip(project) -> Pixel:
    return declared(project)


def report(pixel: Pixel, day: date, reports: int, driver: int = 0) -> None:
    ReportCount.objects.create(
        project=pixel.project, pixel=pixel, dimension=ReportDimension.ACTIVE, date=day, driver=driver, value="", gap=0,
        reports=reports,
    )  # fmt: skip


def answer(client, pixel: Pixel) -> dict:
    return json.loads(text(client, f"/projects/blog/{pixel.pk}/snippets/arrival.json?since=0"))


def page(client, pixel: Pixel) -> str:
    return text(client, f"/projects/blog/{pixel.pk}/")


def test_a_declared_program_waits_and_says_why_it_may_take_a_day(reader, paperclip):
    assert answer(reader, paperclip) == {
        "awaited": True,
        "state": "waiting",
        "words": "Waiting for the first report…",
        "notes": [
            "Users are told first, so their first report comes on a later day. To see one now, set "
            "PAPERCLIP_TELEMETRY=on."
        ],
        "version": "waiting",
    }
    assert "Waiting for the first report…" in page(reader, paperclip)
    assert "data-reloads" in page(reader, paperclip)


def test_a_program_without_a_declaration_is_told_to_declare(reader, project):
    undeclared = Pixel.objects.create(project=project, title="Undeclared", kind=Kind.APP)
    assert answer(reader, undeclared)["notes"] == ["Without a declaration, no report is accepted."]
    assert "manage.py declare" in page(reader, undeclared)
    assert "/client/" not in page(reader, undeclared)


def test_a_program_that_is_off_says_so(reader, project):
    silent = declared(project, DECLARATION.replace('mode = "notice"', 'mode = "off"'))
    assert "nothing is sent unless a user switches it on" in answer(reader, silent)["notes"][0]


@pytest.mark.every_database
@pytest.mark.parametrize("driver", [0, 3])
def test_the_first_report_ends_the_waiting_whoever_sent_it(reader, paperclip, driver):
    report(paperclip, NOON.date(), 1, driver)
    status = answer(reader, paperclip)
    assert (status["awaited"], status["words"]) == (False, "1 report came today.")
    assert "Waiting for the first report" not in page(reader, paperclip)
    assert "Active in" in page(reader, paperclip)


@pytest.mark.every_database
def test_reports_of_another_program_or_day_are_not_todays(reader, paperclip, project):
    other = declared(project, DECLARATION.replace('id = "paperclip"', 'id = "stapler"'))
    report(other, NOON.date(), 5)
    assert answer(reader, paperclip)["awaited"]
    report(paperclip, date(2026, 11, 1), 5)
    assert answer(reader, paperclip)["words"] == "0 reports came today."


def test_a_retired_program_waits_for_nothing(reader, paperclip):
    Pixel.objects.filter(pk=paperclip.pk).update(retired_at=NOON)
    assert answer(reader, paperclip)["state"] == "retired"
    assert "data-first-visit" not in page(reader, paperclip)


def test_only_editors_are_offered_the_client(reader, editor, paperclip):
    Membership.objects.update(role=Role.VIEWER)
    assert "/client/python/" not in page(reader, paperclip)
    Membership.objects.update(role=Role.EDITOR)
    assert "/client/python/" in page(editor, paperclip)
    report(paperclip, NOON.date(), 1)
    assert "/client/python/" in page(editor, paperclip)
    Membership.objects.update(role=Role.VIEWER)
    assert "/client/python/" not in page(reader, paperclip)


def test_only_owners_who_may_enter_the_admin_are_offered_to_share_a_program(reader, viewer, paperclip):
    report(paperclip, NOON.date(), 1)
    for role, is_staff, is_offered in (
        (Role.OWNER, True, True),
        (Role.OWNER, False, False),
        (Role.EDITOR, True, False),
    ):
        Membership.objects.update(role=role)
        User.objects.filter(pk=viewer.pk).update(is_staff=is_staff)
        assert ("/admin/collector/sharelink/add/" in page(reader, paperclip)) == is_offered, (role, is_staff)


def test_strangers_learn_nothing(client, paperclip):
    stranger = User.objects.create_user("stranger")
    Membership.objects.create(user=stranger, project=Project.objects.create(name="Other", slug="other"))
    client.force_login(stranger)
    assert client.get(f"/projects/blog/{paperclip.pk}/").status_code == 404
    assert client.get(f"/projects/blog/{paperclip.pk}/snippets/arrival.json").status_code == 404
