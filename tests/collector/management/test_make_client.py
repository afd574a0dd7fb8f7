"""`manage.py make_client`."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from collector.models import Declaration, Pixel, Project
from collector.models.projects import Kind
from collector.programs.declaration import read_declaration
from tests.clients.declared import declaration_text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public_url(settings):
    settings.PUBLIC_URL = "https://hits.example.org"


@pytest.fixture
def declare(project):
    """Return a function that declares paperclip in a project."""

    def declare(title: str = "Paperclip", project: Project = project) -> Pixel:
        pixel = Pixel.objects.create(project=project, title=title, kind=Kind.APP)
        text = declaration_text()
        Declaration.objects.create(pixel=pixel, text=text, schema=read_declaration(text).schema)
        return pixel

    return declare


def run(*args: str) -> str:
    """Run the command; return its output."""
    out = io.StringIO()
    call_command("make_client", *args, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["paperclip", "Paperclip for all", "token"])
def test_a_program_is_named_by_its_id_its_title_or_its_token(declare, name):
    pixel = declare("Paperclip for all")

    text = run(pixel.token if name == "token" else name, "--language", "python")

    assert f'ENDPOINT = "https://hits.example.org/e/{pixel.token}"' in text
    assert f'SCHEMA = "{pixel.declaration.schema}"' in text


def test_it_can_be_written_to_a_file(declare, tmp_path):
    declare()

    assert "Paperclip" in run("paperclip", "--language", "python", "--output", str(tmp_path / "footfall.py"))
    assert 'ID = "paperclip"' in (tmp_path / "footfall.py").read_text()
    with pytest.raises(CommandError, match=r"can't be written to .*: Is a directory"):
        run("paperclip", "--language", "python", "--output", str(tmp_path))


def test_an_unknown_program_is_told_with_those_that_exist(declare, project):
    with pytest.raises(CommandError, match=r"no declared program “stapler”. Declare it first"):
        run("stapler", "--language", "python")
    pixel = declare()
    with pytest.raises(CommandError, match=rf"Choose one of: paperclip in blog \(token {pixel.token}\)"):
        run("stapler", "--language", "python")
    pixel.retired_at = timezone.now()
    pixel.save()
    with pytest.raises(CommandError, match="no declared program"):
        run("paperclip", "--language", "python")


def test_of_several_programs_with_one_name_the_project_decides(declare):
    declare()
    other = declare(project=Project.objects.create(name="Other", slug="other"))

    with pytest.raises(CommandError, match=r"Several programs are named “paperclip”. Give --project, or a token"):
        run("paperclip", "--language", "python")
    assert other.token in run("paperclip", "--language", "python", "--project", "other")
    with pytest.raises(CommandError, match="There is no project “third”"):
        run("paperclip", "--language", "python", "--project", "third")


def test_without_a_public_address_it_says_what_to_set(declare, settings):
    declare()
    settings.PUBLIC_URL = ""

    with pytest.raises(CommandError, match="Set PUBLIC_URL"):
        run("paperclip", "--language", "python")


def test_an_unknown_language_is_told_with_those_that_exist(declare):
    declare()

    with pytest.raises(CommandError, match=r"invalid choice: 'cobol' .*python"):
        run("paperclip", "--language", "cobol")
