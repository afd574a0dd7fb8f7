"""Share links of programs: the sections that they show, and their frame."""

from datetime import date

import pytest

from collector.models import Pixel, ProgramSection, ReportCount, ReportDimension, Section, ShareLink
from tests.collector.admin.browsing import text_of
from tests.dashboard.views.share_links import PASSWORD, share, url
from tests.programs import DECLARATION, declared

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "empty_cache"), pytest.mark.one_database]

PANELS = {
    ProgramSection.ACTIVES: "Active installations",
    ProgramSection.RETENTION: "Retention",
    ProgramSection.VERSIONS: "Adoption of versions",
    ProgramSection.SYSTEMS: "Architectures",
    ProgramSection.EVENTS: "Installations report what they used",
    ProgramSection.OTHERS: "CI, agents and containers",
    ProgramSection.SDKS: "From other SDKs",
}


@pytest.fixture
def paperclip(project) -> Pixel:
    pixel = declared(project, DECLARATION.replace("[program]", '[program]\nsdks = ["posthog"]', 1))
    for dimension, value in {
        ReportDimension.ACTIVE: "", ReportDimension.VERSION: "2.4.1", ReportDimension.OS: "linux",
        ReportDimension.EVENT: "build",
    }.items():  # fmt: skip
        ReportCount.objects.create(
            project=project, pixel=pixel, dimension=dimension, date=date(2026, 11, 20), driver=0, value=value, gap=0,
            reports=7, number=7,
        )  # fmt: skip
    return pixel


def link_of(pixel: Pixel, *shows: str, **fields: object) -> ShareLink:
    return share(pixel, *shows, pixel=pixel, **fields)


@pytest.mark.parametrize("section", list(ProgramSection))
def test_a_link_of_a_program_shows_only_its_sections(client, paperclip, section):
    page = text_of(client.get(url(link_of(paperclip, section))))

    assert "Paperclip" in page
    others_too = {ProgramSection.SYSTEMS} if section == ProgramSection.SDKS else set()  # these name architectures, too
    assert {other for other, heading in PANELS.items() if heading in page} == {section} | others_too


def test_a_link_shows_everything_by_default_and_nothing_that_needs_an_account(client, paperclip):
    page = text_of(client.get(url(link_of(paperclip))))

    assert all(heading in page for heading in PANELS.values())
    assert "/projects/" not in page
    assert "/admin/" not in page
    assert "export" not in page
    assert "css/program.css" in page


def test_sections_of_articles_show_nothing_of_a_program(client, paperclip):
    page = text_of(client.get(url(link_of(paperclip, *Section))))

    assert not any(heading in page for heading in PANELS.values())


def test_a_link_of_a_program_asks_for_its_password(client, paperclip):
    link = link_of(paperclip, password=PASSWORD)

    assert "Active in" not in text_of(client.get(url(link)))
    client.post(url(link), {"password": PASSWORD})
    assert "Active in" in text_of(client.get(url(link)))


def test_a_frame_shows_the_active_installations(client, paperclip):
    framed = link_of(paperclip, ProgramSection.ACTIVES, embedded_on="https://blog.example.org")
    answer = client.get(url(framed, "embed/"))
    assert answer.status_code == 200
    assert "frame-ancestors https://blog.example.org" in answer.headers["Content-Security-Policy"]
    assert "Active installations" in text_of(answer)
    assert not answer.cookies

    hidden = link_of(paperclip, ProgramSection.VERSIONS, Section.TREND, embedded_on="https://blog.example.org")
    assert client.get(url(hidden, "embed/")).status_code == 404


def test_a_program_without_reports_says_so(client, project):
    assert "No reports yet" in text_of(client.get(url(link_of(declared(project)))))
