"""Programs in the admin: the pasted declaration, and what its page shows."""

import re

import pytest
from django.contrib.admin.models import LogEntry

from collector.models import Declaration, Driver, Membership, Pixel, Project, ReportCount, ReportDimension, Role
from collector.programs.declaring import declare
from tests.collector.admin.browsing import logged_in, pixel_form, text_of
from tests.collector.programs.declarations import EXAMPLE, example, line

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def program(project) -> Pixel:
    return declare(project, EXAMPLE).pixel


@pytest.fixture
def undeclared(project) -> Pixel:
    return Pixel.objects.create(project=project, title="Clip", kind="app")


def url(pixel: Pixel) -> str:
    return f"/admin/collector/pixel/{pixel.pk}/change/"


def declared_form(pixel: Pixel, text: str, **changes: object) -> dict[str, object]:
    return pixel_form(pixel.project) | {"kind": "app", "declaration": text.replace("\n", "\r\n")} | changes


def test_a_new_program_is_told_to_paste_its_declaration(as_owner, project):
    answer = as_owner.post("/admin/collector/pixel/add/", pixel_form(project, kind="app"), follow=True)

    page = text_of(answer)
    assert "“Hello” is ready. Paste its declaration below." in page
    assert 'name="declaration"' in page
    assert "Without one, no report is accepted." in page
    assert "data-snippet" not in page
    assert "data-platform-picker" not in page


def test_an_example_is_one_click_away(as_owner, undeclared):
    page = text_of(as_owner.get(url(undeclared)))
    link = re.search(r'href="(\?example=1[^"#]*)', page)[1]
    assert "paperclip" not in page

    assert "id = &quot;paperclip&quot;" in text_of(as_owner.get(url(undeclared) + link))
    assert "paperclip" not in text_of(as_owner.get(url(undeclared)))


@pytest.mark.every_database
def test_a_pasted_declaration_makes_the_program(as_owner, undeclared, settings):
    settings.PUBLIC_URL = "https://hits.example.org"

    page = text_of(as_owner.post(url(undeclared), declared_form(undeclared, EXAMPLE), follow=True))

    assert Declaration.objects.get(pixel=undeclared).text == EXAMPLE
    undeclared.refresh_from_db()
    assert undeclared.title == "Paperclip"
    assert "Users are told about them before they are sent: build, build.draft flag, build.format=epub" in page
    page = text_of(as_owner.get(url(undeclared)))
    assert f"https://hits.example.org/e/{undeclared.token}" in page
    assert undeclared.declaration.schema in page
    assert f'href="/about/{undeclared.token}/"' in page
    assert f'href="/about/{undeclared.token}/TELEMETRY.md"' in page
    assert "example=1" not in page
    assert LogEntry.objects.filter(object_id=str(undeclared.pk)).count() == 1


def test_a_change_says_what_becomes_wider_and_narrower(as_owner, program):
    text = example(('"epub"]', '"docx"]'), ('mode = "notice"', 'mode = "ask"'))
    text = text.replace("until = 2028-12-31            #", "until = 2026-01-31 #")

    page = text_of(as_owner.post(url(program), declared_form(program, text), follow=True))

    assert "before they are sent: build.format=docx<" in page
    assert "no longer accepted: build.format=epub<" in page
    assert "Also changed: program.mode, events.build.until<" in page
    assert "“build” ended on 2026-01-31 and is no longer recorded." in page


def test_a_message_lists_only_some_of_many_fields(as_owner, program):
    values = ", ".join(f'"v{number}"' for number in range(40))

    page = text_of(
        as_owner.post(url(program), declared_form(program, example(('"html", "pdf", "epub"', values))), follow=True)
    )

    assert re.search(r"build\.format=v19, …<", page)


def test_every_problem_is_told_with_its_line_and_nothing_changes(as_owner, program):
    text = example(
        ("failure = true", "failure = 1"), ('mode = "notice"', "mode = 1"), ('name = "Paperclip"', 'name = "x"')
    )

    page = text_of(as_owner.post(url(program), declared_form(program, text)))

    assert f"Line {line('mode =')}: “mode” is missing or wrong." in page
    assert f"Line {line('failure =')}: Write “failure” as true or false, without quotes." in page
    assert Declaration.objects.get().text == EXAMPLE
    program.refresh_from_db()
    assert program.title == "Paperclip"


def test_a_program_keeps_its_declaration_and_its_kind(as_owner, program):
    page = text_of(as_owner.post(url(program), declared_form(program, " \n ")))
    assert "To stop counting, retire the program." in page

    as_owner.post(url(program), declared_form(program, EXAMPLE, kind="article", title="Other"))
    program.refresh_from_db()
    assert (program.kind, program.title, program.declaration.text) == ("app", "Paperclip", EXAMPLE)


def test_an_undeclared_program_can_become_an_article_but_not_with_a_declaration(as_owner, undeclared):
    as_owner.post(url(undeclared), declared_form(undeclared, "") | {"kind": "article"})
    assert Pixel.objects.get().kind == "article"

    Pixel.objects.update(kind="app")
    as_owner.post(url(undeclared), declared_form(undeclared, EXAMPLE) | {"kind": "article"})
    assert Pixel.objects.get().kind == "app"


@pytest.mark.every_database
def test_the_id_of_another_program_in_the_project_is_refused(as_owner, owner, program, undeclared):
    page = text_of(as_owner.post(url(undeclared), declared_form(undeclared, EXAMPLE)))
    assert f"Line {line('id =')}: “paperclip” is the id of another program in this project." in page

    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=owner, role=Role.OWNER)
    theirs = declare(other, EXAMPLE).pixel
    page = text_of(as_owner.post(url(theirs), declared_form(theirs, EXAMPLE, project=program.project_id)))
    assert "is the id of another program" in page
    assert Pixel.objects.get(pk=theirs.pk).project == other


@pytest.mark.every_database
def test_a_program_with_counts_stays_in_its_project_and_is_not_deleted(as_owner, owner, program):
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=owner, role=Role.OWNER)
    ReportCount.objects.create(
        project=program.project, pixel=program, dimension=ReportDimension.ACTIVE, date="2026-11-01",
        driver=Driver.PERSON, value="", gap=0, reports=1,
    )  # fmt: skip

    as_owner.post(url(program), declared_form(program, EXAMPLE, project=other.pk))
    as_owner.post(f"/admin/collector/pixel/{program.pk}/delete/", {"post": "yes"})

    assert Pixel.objects.get().project == program.project


def test_the_state_of_a_program_is_told_in_its_own_words(as_owner, program):
    page = text_of(as_owner.get(url(program)))
    assert "No reports yet." in page
    assert 'value="retire"' in page
    assert 'value="mute"' not in page

    as_owner.post("/admin/collector/pixel/", {"action": "retire", "_selected_action": program.pk, "index": 0})
    page = text_of(as_owner.get(url(program)))
    assert "Retired: its reports are no longer accepted." in page
    assert 'value="reinstate"' in page
    assert f"/about/{program.token}/" not in page


def test_strangers_and_viewers_neither_see_nor_change_a_declaration(as_stranger, foreign, viewer):
    theirs = declare(foreign.project, EXAMPLE).pixel
    viewer.is_staff = True
    viewer.save()
    for client in (as_stranger, logged_in(viewer)):
        for answer in (
            client.get(url(theirs)),
            client.post(url(theirs), declared_form(theirs, example(('"epub"', '"x"')))),
        ):
            assert answer.status_code == 302
            assert answer.headers["Location"] == "/admin/"
    assert Declaration.objects.get().text == EXAMPLE


def test_an_article_has_no_declaration(as_owner, pixel):
    page = text_of(as_owner.get(url(pixel)))

    assert 'name="declaration"' not in page
    as_owner.post(url(pixel), pixel_form(pixel.project, declaration=EXAMPLE))
    assert not Declaration.objects.exists()
