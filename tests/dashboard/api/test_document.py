"""The API's documentation describes what it answers."""

import json
import re

import pytest
from django.contrib.auth.models import User
from pydantic import TypeAdapter

from collector.models import ApiToken, Kind, Pixel
from dashboard.api import api
from dashboard.api.counts import CountPage
from dashboard.api.hits import HitPage
from dashboard.api.projects import PixelPage, ProjectPage
from tests.dashboard.api.client import PATHS, get

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_answers_have_the_form_that_the_document_describes(program, stored_rows):
    for path, form in {
        "projects": ProjectPage,
        "projects/blog/pixels": PixelPage,
        "projects/blog/counts": CountPage,
        "projects/blog/hits": HitPage,
    }.items():
        answer = get(program, path)
        parsed = TypeAdapter(form).validate_python(answer)
        assert set(parsed.model_dump()["items"][0]) == set(answer["items"][0])


def test_the_document_describes_every_endpoint_and_its_problems(client):
    document = client.get("/api/v1/openapi.json").json()
    assert set(document["paths"]) == PATHS
    served = {f"/api/v1/{path}" for router in api._get_bound_routers() for path in router.path_operations}
    assert {re.sub(r"{[a-z]+:", "{", path) for path in served} - {"/api/v1/{rest}"} == PATHS
    for path, methods in document["paths"].items():
        assert set(methods) == {"get"}
        operation = methods["get"]
        assert {"200", "400", "401", "429"} <= set(operation["responses"]), path
        assert all(parameter.get("description") for parameter in operation["parameters"]), path
        assert "security" in operation
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])


def test_the_page_explains_every_endpoint_to_anybody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/api/v1/")
    page = response.content.decode()
    assert response.status_code == 200
    for path in PATHS:
        assert f"GET {path}<" in page
    assert "/api/v1/projects/blog/counts?dimension=country&amp;interval=month&amp;since=2026-11-01" in page


def test_the_document_is_built_once_and_read_in_every_language(client, monkeypatch):
    built = client.get("/api/v1/openapi.json").json()

    def build_again(*args):
        raise AssertionError

    monkeypatch.setattr("ninja.openapi.schema.OpenAPISchema.__init__", build_again)
    german = client.get("/api/v1/", headers={"accept-language": "de"}).content.decode()
    assert "List projects" in client.get("/api/v1/").content.decode()
    assert "List projects" not in german
    assert client.get("/api/v1/openapi.json").json() == built


def test_the_examples_of_the_page_work(client, program, pixel):
    ApiToken.objects.update(reads_audit=True)
    User.objects.update(is_superuser=True)
    paperclip = Pixel.objects.create(project=pixel.project, title="Paperclip", kind=Kind.APP)
    page = client.get("/api/v1/").content.decode().replace("&amp;", "&")
    commands = re.findall(r"http://testserver(/api/v1/[^&]\S*?)&quot;", page)
    assert len(commands) == len(PATHS)
    for command in commands:
        path = command.replace("pixels/7", f"pixels/{pixel.pk}").replace("pixels/8", f"pixels/{paperclip.pk}")
        assert program.get(path).status_code == 200, path
