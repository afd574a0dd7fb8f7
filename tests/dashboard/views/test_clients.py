"""Downloads of clients."""

import pytest

from collector.models import Membership, Pixel, Role
from collector.programs.clients import LANGUAGES
from collector.programs.declaring import declare
from tests.collector.programs.declarations import EXAMPLE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("public_url"), pytest.mark.one_database]


@pytest.fixture
def program(project) -> Pixel:
    return declare(project, EXAMPLE).pixel


def path(pixel: Pixel, language: str = "python") -> str:
    return f"/projects/{pixel.project.slug}/{pixel.pk}/client/{language}/"


@pytest.mark.parametrize("language", LANGUAGES)
def test_editors_can_download_the_client(editor, program, language):
    answer = editor.get(path(program, language))

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="telemetry{LANGUAGES[language].ending}"'
    text = answer.content.decode()
    assert f"https://hits.example.org/e/{program.token}" in text
    assert program.declaration.schema in text


def test_others_can_not(client, program, pixel, viewer, stranger):
    assert client.get(path(program)).status_code == 302
    for user in (viewer, stranger):
        client.force_login(user)
        assert client.get(path(program)).status_code == 404
    Membership.objects.filter(user=viewer).update(role=Role.EDITOR)
    client.force_login(viewer)
    assert client.get(path(pixel)).status_code == 404
    assert client.get(path(program, "cobol")).status_code == 404
    assert client.get(path(program).replace("/blog/", "/other/")).status_code == 404
    undeclared = Pixel.objects.create(project=program.project, title="New", kind="app")
    assert client.get(path(undeclared)).status_code == 404
