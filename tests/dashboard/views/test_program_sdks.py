"""What a program's page says of other SDKs: their numbers, apart from those of clients, and what they sent in vain."""

from datetime import timedelta

import pytest

from collector.models import Driver, DroppedName, LeftOut, Pixel
from collector.models.programs import Part
from tests.collector.programs.doors.declared import SDKS
from tests.dashboard.views.downloads import fetched
from tests.dashboard.views.page_reader import Tables, get, painted
from tests.dashboard.views.program_counts import PERSON, TODAY, Dimension, address, write
from tests.dashboard.views.share_links import share, url
from tests.programs import DECLARATION, declared

pytestmark = pytest.mark.usefixtures("noon", "empty_cache")
DOOR, SESSION = Driver.DOOR, Driver.SESSION
EVERYWHERE = Part.DAY + Part.WEEK + Part.MONTH
HOSTILE = "<script>alert(1)</script>"
# Dimension, value, days ago, parts, reports, number, driver. Today is Sunday, 22 November.
COUNTS = (
    (Dimension.ACTIVE, "", 0, Part.DAY, 4, 0, DOOR),
    (Dimension.ACTIVE, "", 0, Part.DAY + Part.WEEK, 3, 0, DOOR),
    (Dimension.ACTIVE, "", 1, EVERYWHERE, 20, 0, DOOR),
    (Dimension.ACTIVE, "", 30, EVERYWHERE, 9, 0, DOOR),
    (Dimension.ACTIVE, "", 0, Part.DAY, 6, 0, SESSION),
    (Dimension.VERSION, "2.4.1", 1, EVERYWHERE, 15, 0, DOOR),
    (Dimension.VERSION, "2.3.0", 1, EVERYWHERE, 5, 0, DOOR),
    (Dimension.VERSION, "2.3.0", 30, EVERYWHERE, 9, 0, DOOR),
    (Dimension.VERSION, "2.4.1", 0, Part.DAY, 6, 0, SESSION),
    (Dimension.OS, "macos", 1, EVERYWHERE, 20, 0, DOOR),
    (Dimension.EVENT, "build", 1, EVERYWHERE, 8, 30, DOOR),
    (Dimension.EVENT, "build", 0, 0, 0, 12, DOOR),
    (Dimension.PROPERTY, "build.format=html", 1, 0, 0, 40, DOOR),
    (Dimension.PROPERTY, "build.draft=true", 1, 0, 0, 2, DOOR),
    (Dimension.BUCKET, "build.seconds#1", 1, 0, 0, 7, DOOR),
    (Dimension.BUCKET, "gone.size#9", 1, 0, 0, 1, DOOR),
)


@pytest.fixture
def program(project) -> Pixel:
    program = declared(project, SDKS + '\n[versions]\nnewest = "2.4.1"\n')
    write(program, *COUNTS)
    for name in ("build.who", HOSTILE):
        DroppedName.objects.create(project=project, pixel=program, name=name, date=TODAY - timedelta(days=1))
    return program


def test_a_program_that_only_other_sdks_report_has_their_figures(reader, program):
    page = get(reader, address(program))

    assert Tables(page).figures == {"day": 7, "week": 23, "month": 20, "sessions": 6, "newest": 15}
    assert "75%" in page
    assert "Retention" not in page
    assert "there is no retention" in page


def test_their_panels_have_two_months_apart(reader, program):
    rows = Tables(get(reader, address(program))).rows

    assert rows["sdks.versions"] == {"2.4.1": ["15", "0", "6"], "2.3.0": ["5", "9", "0"]}
    assert rows["sdks.systems"] == {"macOS": ["20", "0", "0"]}
    assert rows["sdks.events"] == {"build": ["8", "0", "42"]}
    assert rows["sdks.properties"] == {
        "build.format: html": ["40"], "build.seconds: 1–5": ["7"], "build.draft: yes": ["2"], "gone.size: 9": ["1"]
    }  # fmt: skip


def test_versions_that_were_never_released_count_together(reader, project):
    program = declared(project, SDKS + '\n[versions.released]\n"2.4.1" = 2026-11-01\n')
    write(program, *COUNTS, (Dimension.VERSION, "9.9", 1, EVERYWHERE, 3, 0, DOOR))

    rows = Tables(get(reader, address(program))).rows["sdks.versions"]

    assert rows == {"2.4.1": ["15", "0", "6"], "not released": ["8", "9", "0"]}


def test_members_see_what_one_network_sent_too_much(reader, client, program):
    LeftOut.objects.create(project=program.project, pixel=program, date=TODAY, what="excess")

    assert "Over the limit of a network" in get(reader, address(program))
    link = share(program, "sdks", pixel=program)
    assert "Over the limit of a network" not in client.get(url(link)).content.decode()


def test_events_without_any_id_have_a_page_too(reader, project):
    program = declared(project, SDKS)
    write(program, (Dimension.EVENT, "build", 0, 0, 0, 12, DOOR))

    tables = Tables(get(reader, address(program)))

    assert tables.figures == {"day": 0, "week": 0, "month": 0, "sessions": 0, "newest": 0}
    assert tables.rows["sdks.events"] == {"build": ["0", "0", "12"]}


@pytest.mark.parametrize(
    ("query", "installations"),
    [
        ("range=7d", [0, 0, 0, 0, 0, 20, 7]),
        ("range=90d&by=week", [9, 0, 0, 0, 23]),
        ("range=90d&by=month", [9, 20]),
    ],
)
def test_the_chart_counts_each_installation_once_in_each_window(reader, program, query, installations):
    series = painted(get(reader, f"{address(program)}?{query}"), "sdks")["series"]

    assert [one["label"] for one in series] == ["Installations", "Sessions"]
    assert series[0]["values"] == installations


def test_where_clients_report_too_they_come_first_and_nothing_is_added_up(reader, program):
    write(program, (Dimension.ACTIVE, "", 0, 0, 2, 0, PERSON))

    page = get(reader, address(program))

    assert Tables(page).figures["day"] == 2
    assert page.index("Active installations") < page.index("From other SDKs")
    assert "don&#x27;t add them up" in page


def test_names_that_are_not_declared_are_shown_to_members_alone_and_as_text(client, reader, program):
    page = get(reader, address(program))

    assert Tables(page).rows["sdks.dropped"].keys() == {"build.who", HOSTILE}
    assert HOSTILE not in page
    link = share(program, "sdks", pixel=program)
    shared = client.get(url(link)).content.decode()
    assert "From other SDKs" in shared
    assert "build.who" not in shared


def test_the_project_s_page_says_why_such_a_program_has_no_numbers_there(reader, program):
    rows = Tables(get(reader, "/projects/blog/")).rows["programs"]

    assert list(rows) == ["Paperclip from other SDKs"]


def test_their_panels_can_be_downloaded(reader, program):
    path = f"{address(program)}export/sdks.versions.csv"

    assert b"2.4.1" in fetched(reader, path)


def test_a_program_whose_declaration_names_no_sdk_shows_none(reader, project):
    program = declared(project)
    write(program, (Dimension.ACTIVE, "", 0, 0, 2, 0, PERSON))

    assert "other SDKs" not in get(reader, address(program))


def test_the_public_page_says_what_becomes_of_their_ids(client, program, project):
    page = client.get(f"/about/{program.token}/").content.decode()

    assert "PostHog, Aptabase and OpenTelemetry" in page
    assert "three keyed hashes" in page
    assert "no ID that lasts longer than a day" not in page
    other = declared(project, title="Other")
    assert "keyed hashes" not in client.get(f"/about/{other.token}/").content.decode()


def test_public_statistics_say_that_other_software_is_not_in_them(client, project):
    public = 'kind = "command"\npublic = ["actives"]'
    with_sdks, without = (
        declared(project, text.replace('kind = "command"', public), title=title)
        for title, text in (("Paperclip", SDKS), ("Other", DECLARATION))
    )

    for program, is_said in ((with_sdks, True), (without, False)):
        page = client.get(f"/about/{program.token}/").content.decode()
        assert "Public statistics" in page
        assert ("What other software reports" in page) is is_said
