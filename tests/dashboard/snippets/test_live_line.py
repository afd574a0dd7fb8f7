"""The line that waits, on the pages of projects and articles that were never visited."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.models import Pixel, Project, Verdict
from tests.dashboard.conftest import NOON
from tests.dashboard.snippets.pages import ago, text
from tests.hits import hit

pytestmark = pytest.mark.usefixtures("noon", "public_url")
PROJECT = "/projects/blog/"


def article(pixel: Pixel) -> str:
    return f"{PROJECT}{pixel.pk}/"


def project_answer(client) -> dict:
    return json.loads(text(client, f"{PROJECT}arrival.json"))


def test_pages_without_visits_wait_and_become_the_dashboard_with_the_first_one(reader, pixel, take):
    asks = {PROJECT: f"{PROJECT}arrival.json", article(pixel): f"{article(pixel)}snippets/arrival.json"}
    for path, address in asks.items():
        page = text(reader, path)
        assert f'data-first-visit="{address}"' in page
        assert "data-reloads" in page
        assert "js/first_visit.js" in page
        assert json.loads(text(reader, address))["state"] == "waiting"

    take(hit(pixel, ago(2), placement="medium"))

    for path, address in asks.items():
        assert json.loads(text(reader, address))["state"] == "seen"
        page = text(reader, path)
        assert "data-first-visit" not in page
        assert "data-figure" in page


def test_a_member_s_own_reading_is_told_on_the_project_s_page_which_goes_on_waiting(reader, pixel, take):
    take(hit(pixel, ago(2), placement="github", verdict=Verdict.OWN))
    assert project_answer(reader)["state"] == "works"
    assert "Your own visit from GitHub arrived 2 seconds ago." in text(reader, PROJECT)


def test_a_program_waits_for_a_report_on_its_page_and_on_its_snippets(reader, program):
    waiting = text(reader, article(program))
    assert "Open the page you published" not in waiting
    assert "First visit" not in waiting
    assert json.loads(text(reader, f"{article(program)}snippets/arrival.json"))["words"] in waiting
    assert "Waiting for the first report…" in text(reader, f"{article(program)}snippets/")


def test_visits_of_other_projects_do_not_end_the_wait(reader, pixel, take):
    other = Pixel.objects.create(project=Project.objects.create(name="Other", slug="other"), title="Other")
    take(hit(other, ago(2)))
    assert project_answer(reader)["state"] == "waiting"


def test_a_retired_article_and_a_project_without_articles_wait_for_nothing(reader, project, pixel):
    Pixel.objects.update(retired_at=NOON)
    assert "data-first-visit" not in text(reader, article(pixel))
    Pixel.objects.all().delete()
    assert "data-first-visit" not in text(reader, PROJECT)


@pytest.mark.parametrize("pixels", [1, 50])
def test_waiting_costs_the_same_however_many_articles_there_are(reader, project, pixel, take, pixels):
    Pixel.objects.bulk_create(Pixel(project=project, title=str(number)) for number in range(pixels - 1))
    take(*(hit(each_pixel, ago(number), verdict=Verdict.OWN) for number, each_pixel in enumerate(Pixel.objects.all())))
    with CaptureQueriesContext(connection) as captured:
        project_answer(reader)
    assert len(captured) == 6, [query["sql"] for query in captured]
