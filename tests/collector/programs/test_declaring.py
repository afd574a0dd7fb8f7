"""Programs are made from declarations, and changed by them."""

import pytest

from collector.models import Declaration, Pixel, Project
from collector.programs.declaration import DeclarationError
from collector.programs.declaring import declare, declare_pixel, find_program
from tests.collector.programs.declarations import EXAMPLE, example

pytestmark = pytest.mark.django_db


def test_a_declaration_makes_a_program(project):
    declared = declare(project, EXAMPLE)

    pixel = Pixel.objects.get()
    assert (pixel.project, pixel.title, pixel.kind) == (project, "Paperclip", "app")
    assert pixel.declaration.text == EXAMPLE
    assert pixel.declaration.schema == declared.program.schema
    assert declared.is_new
    assert list(declared.changes.wider) == declared.program.fields()


def test_a_declaration_with_the_same_id_changes_the_program_and_keeps_its_token(project):
    pixel = declare(project, EXAMPLE).pixel
    declare(project, example(('id = "paperclip"', 'id = "stapler"'), ('name = "Paperclip"', 'name = "Stapler"')))

    declared = declare(project, example(('name = "Paperclip"', 'name = "Clip"'), ('"epub"]', '"epub", "docx"]')))

    assert not declared.is_new
    assert declared.changes.wider == ("build.format=docx",)
    assert declared.changes.others == ("program.name",)
    assert declared.pixel.token == pixel.token
    assert Pixel.objects.get(pk=pixel.pk).title == "Clip"
    assert Declaration.objects.get(pixel=pixel).schema == declared.program.schema
    assert Pixel.objects.count() == 2


def test_the_day_of_a_declaration_is_that_of_its_last_change(project, monkeypatch):
    first = Declaration.objects.get(pixel=declare(project, EXAMPLE).pixel).declared_at

    declare(project, EXAMPLE)
    assert Declaration.objects.get().declared_at == first

    declare(project, f"{EXAMPLE}\n# more")
    assert Declaration.objects.get().declared_at > first
    assert Declaration.objects.get().text.endswith("# more")


def test_the_same_id_in_another_project_is_another_program(project):
    other = Project.objects.create(name="Other", slug="other")

    first, second = declare(project, EXAMPLE).pixel, declare(other, EXAMPLE).pixel

    assert first.token != second.token
    assert find_program(project, "paperclip") == first
    assert find_program(other, "paperclip") == second


def test_a_declaration_with_problems_changes_nothing(project):
    declare(project, EXAMPLE)

    with pytest.raises(DeclarationError):
        declare(project, example(('name = "Paperclip"', 'name = "Clip"'), ("failure = true", "failure = 1")))

    assert Pixel.objects.get().title == "Paperclip"
    assert Declaration.objects.get().text == EXAMPLE


def test_a_program_can_not_take_the_id_of_another(project):
    declare(project, EXAMPLE)
    other = Pixel.objects.create(project=project, title="Stapler", kind="app")

    with pytest.raises(DeclarationError, match="Line 4: “paperclip” is the id of another program in this project"):
        declare_pixel(other, EXAMPLE)

    other.refresh_from_db()
    assert other.title == "Stapler"
    assert not Declaration.objects.filter(pixel=other).exists()


def test_a_program_can_change_its_id(project):
    pixel = declare(project, EXAMPLE).pixel

    declared = declare_pixel(pixel, example(('id = "paperclip"', 'id = "stapler"')))

    assert declared.changes.others == ("program.id",)
    assert find_program(project, "stapler") == pixel


def test_a_stored_declaration_that_can_no_longer_be_read_can_be_replaced(project):
    pixel = declare(project, EXAMPLE).pixel
    Declaration.objects.update(text="[program]\nid = 1")

    declared = declare_pixel(pixel, EXAMPLE)

    assert list(declared.changes.wider) == declared.program.fields()
    assert Declaration.objects.get().text == EXAMPLE
