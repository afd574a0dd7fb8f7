"""Whether the first visit has come: what the page of snippets says, and why a hit may not count."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from collector.models import Hit, Pixel, Project, Verdict
from dashboard.snippets import recent_hits
from tests.dashboard.conftest import NOON
from tests.dashboard.snippets.pages import add, ago, text
from tests.hits import CAMO, hit

pytestmark = pytest.mark.usefixtures("noon", "public_url")


def answer(client: Client, pixel: Pixel, since: datetime | None = None) -> dict:
    query = f"?since={int(since.timestamp() * 1000)}" if since else ""
    return json.loads(text(client, f"/projects/blog/{pixel.pk}/snippets/arrival.json{query}"))


def test_the_note_on_a_platform_that_the_pixel_lacks_is_true(editor, pixel, take):
    take(hit(pixel, ago(9), placement="github"), hit(pixel, ago(8), placement="team-wiki"))
    assert answer(editor, pixel)["notes"] == [
        "A visit named the platform “team-wiki”, which this pixel does not have: it counts as (other). "
        "Add the platform, and later visits count under its name."
    ]
    add(editor, pixel, "team-wiki")
    take(hit(pixel, ago(1), placement="team-wiki"))
    platforms = sorted(Hit.objects.values_list("platform", flat=True))
    assert platforms == ["(other)", "github", "team-wiki"]


def test_a_pixel_never_visited_waits(reader, pixel):
    status = answer(reader, pixel, NOON)
    assert status == {
        "awaited": True,
        "state": "waiting",
        "words": "Waiting for the first visit…",
        "notes": [],
        "version": status["version"],
    }
    assert "Waiting for the first visit…" in text(reader, f"/projects/blog/{pixel.pk}/snippets/")


def test_the_first_visit_is_seen_with_its_page(reader, pixel, take):
    take(hit(pixel, ago(3.2), placement="medium", page="https://medium.com/@ada/hello"))
    status = answer(reader, pixel, NOON - timedelta(seconds=5))
    assert (status["awaited"], status["state"]) == (False, "seen")
    assert status["words"] == "First visit seen 3 seconds ago, at 12:59:56 (Europe/Berlin), from medium.com."
    assert status["words"] in text(reader, f"/projects/blog/{pixel.pk}/snippets/")


def test_a_first_visit_of_several_is_the_first(reader, pixel, take):
    take(hit(pixel, ago(120), placement="medium"), hit(pixel, ago(60), placement="dev-to", visitor=2))
    assert answer(reader, pixel)["words"].startswith(
        "First visit seen 2 minutes ago, at 12:58:00 (Europe/Berlin), on M"
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "just now"), (1, "1 second ago"), (59, "59 seconds ago"), (61, "1 minute ago")]
)
def test_how_long_ago_is_said_in_words(reader, pixel, take, seconds, words):
    take(hit(pixel, ago(seconds)))
    assert f"First visit seen {words}, at" in answer(reader, pixel)["words"]


def test_a_reader_behind_a_proxy_is_named_by_platform(reader, pixel, take):
    take(hit(pixel, ago(3), placement="github", agent=CAMO, page=""))
    assert answer(reader, pixel)["words"].endswith("(Europe/Berlin), on GitHub.")


def test_a_visit_before_the_page_was_opened_does_not_end_the_wait(reader, pixel, take):
    take(hit(pixel, ago(60)))
    opened_at = NOON - timedelta(seconds=30)
    before = answer(reader, pixel, opened_at)
    assert (before["awaited"], before["state"]) == (True, "seen")
    assert before["words"].startswith("First visit seen 1 minute ago")
    take(hit(pixel, ago(2), visitor=2))
    after = answer(reader, pixel, opened_at)
    assert (after["awaited"], after["state"]) == (False, "seen")
    assert after["version"] != before["version"]


@pytest.mark.parametrize("earlier", [90 * 60, 3 * 86400, 400 * 86400])
def test_a_visit_after_others_is_not_called_the_first(reader, pixel, take, earlier):
    take(hit(pixel, ago(earlier)))
    status = answer(reader, pixel, NOON)
    assert status["awaited"]
    assert "No visit in the last hour. The first visit was on " in status["words"]
    take(hit(pixel, ago(5), visitor=2))
    assert answer(reader, pixel)["words"].startswith("Last visit seen 5 seconds ago")


def test_visits_of_other_pixels_are_not_mistaken_for_it(reader, project, pixel, take):
    other = Pixel.objects.create(project=project, title="Other")
    take(hit(other, ago(5)))
    assert answer(reader, pixel)["words"] == "Waiting for the first visit…"


@pytest.mark.parametrize(
    ("verdict", "one", "two"),
    [
        (Verdict.BOT, "it came from a bot", "they came from bots"),
        (Verdict.EXCESS, "it was over the rate limit", "they were over the rate limit"),
        (Verdict.PREFETCH, "a browser loaded the page before", "browsers loaded the page before"),
        (Verdict.SUSPECT, "it had inconsistent browser headers", "they had inconsistent browser headers"),
    ],
)
def test_filtered_out_hits_are_listed_with_their_reason(reader, pixel, take, verdict, one, two):
    take(hit(pixel, ago(9), verdict=int(verdict)))
    status = answer(reader, pixel, NOON)
    assert (status["state"], status["words"]) == ("waiting", "Waiting for the first visit…")
    (note,) = status["notes"]
    assert note.startswith(f"1 hit was filtered out 9 seconds ago: {one}")
    take(hit(pixel, ago(4), verdict=int(verdict)))
    after = answer(reader, pixel, NOON)
    assert after["notes"][0].startswith(f"2 hits were filtered out, the last one 4 seconds ago: {two}")
    assert after["version"] != status["version"]


PROOFS = [
    (
        {"verdict": Verdict.OWN, "placement": "medium", "page": "https://medium.com/@ada/hello"},
        "Your own visit from Medium arrived 3 seconds ago. The pixel works; your own readings don’t count.",
        "1 hit was filtered out 3 seconds ago: it came from a member.",
    ),
    (
        {"verdict": Verdict.EXCLUDED, "placement": "", "page": ""},
        "Your own visit arrived 3 seconds ago. The pixel works; your own readings don’t count.",
        "1 hit was filtered out 3 seconds ago: it came from the project’s own addresses.",
    ),
    (
        {"verdict": Verdict.PREVIEW, "placement": "medium", "page": "http://localhost:4000/hello"},
        "A preview on localhost arrived 3 seconds ago. The pixel works; previews don’t count.",
        "1 hit was filtered out 3 seconds ago: its page is on a private host",
    ),
]


@pytest.mark.parametrize(("fields", "words", "note"), PROOFS)
def test_the_authors_own_test_proves_that_the_pixel_works_and_is_still_no_visit(
    reader, pixel, take, fields, words, note
):
    opened_at = NOON - timedelta(seconds=30)
    take(hit(pixel, ago(3), **fields))
    status = answer(reader, pixel, opened_at)
    assert (status["state"], status["awaited"], status["words"]) == ("works", True, words)
    assert status["notes"] == []
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/")
    assert f'<a class="first-visit-link" href="/projects/blog/{pixel.pk}/">Open the dashboard</a>' in page

    take(hit(pixel, ago(1), placement="medium", visitor=2))
    after = answer(reader, pixel, opened_at)
    assert (after["state"], after["awaited"]) == ("seen", False)
    assert after["words"].startswith("First visit seen 1 second ago")
    assert after["notes"][0].startswith(note)

    take(hit(pixel, ago(0), **fields))
    last = answer(reader, pixel, opened_at)
    assert (last["state"], last["words"]) == ("seen", words.replace("3 seconds ago", "just now"))


def test_nothing_leads_to_the_dashboard_while_there_is_nothing_to_see(reader, pixel):
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/")
    assert f'<a class="first-visit-link" href="/projects/blog/{pixel.pk}/" hidden>' in page


def test_a_pause_is_noted_before_and_after_its_hits(reader, pixel, take):
    pixel.mute(NOON - timedelta(minutes=1))
    assert answer(reader, pixel)["notes"] == [
        "Counting is paused until 13:09 (Europe/Berlin). Hits until then are filtered out."
    ]
    take(hit(pixel, ago(2)))
    assert answer(reader, pixel)["notes"][1:] == ["1 hit was filtered out 2 seconds ago: counting was paused."]


def test_a_retired_pixel_says_so_and_waits_for_nothing(reader, pixel):
    Pixel.objects.update(retired_at=NOON)
    status = answer(reader, pixel, NOON)
    assert (status["awaited"], status["state"]) == (False, "retired")
    assert "This pixel is retired" in status["words"]
    assert "data-first-visit" not in text(reader, f"/projects/blog/{pixel.pk}/snippets/")


def test_a_project_that_drops_readers_who_opt_out_says_so(reader, project, pixel):
    Project.objects.update(drops_opted_out=True)
    assert "Sec-GPC" in answer(reader, pixel)["notes"][0]


def test_readers_who_opt_out_are_seen_where_they_count(reader, pixel, take):
    take(hit(pixel, ago(2), verdict=int(Verdict.OPTED_OUT), visitor=None, agent=""))
    assert answer(reader, pixel)["state"] == "seen"


def test_an_end_without_a_start_is_noted(reader, pixel, take):
    take(hit(pixel, ago(7), placement="medium", is_end=True))
    status = answer(reader, pixel)
    assert status["state"] == "waiting"
    assert status["notes"] == [
        "The image at the end was loaded 7 seconds ago, but only the image at the start counts a visit."
    ]


def test_what_strangers_wrote_is_escaped_on_the_page(reader, pixel, take):
    take(hit(pixel, ago(2), page="https://<b>x</b>.example/"), hit(pixel, ago(1), placement="team-wiki"))
    page = text(reader, f"/projects/blog/{pixel.pk}/snippets/")
    assert "<b>x</b>" not in page


def test_in_a_busy_project_only_the_newest_hits_are_searched(reader, project, pixel, take, monkeypatch):
    monkeypatch.setattr(recent_hits, "MAX_HITS", 5)
    other = Pixel.objects.create(project=project, title="Busy")
    take(hit(pixel, ago(50)), *(hit(other, ago(20 + number)) for number in range(4)))
    assert answer(reader, pixel)["words"].startswith("First visit seen 50 seconds ago")
    take(*(hit(other, ago(number)) for number in range(4)))
    assert "No visit in the last hour" in answer(reader, pixel)["words"]


@pytest.mark.postgresql
def test_waiting_for_a_visit_does_not_read_the_whole_table(pixel, take):
    take(*(hit(pixel, ago(3600 * hours)) for hours in range(2000)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE collector_hit")
        cursor.execute("SELECT DISTINCT tableoid::regclass::text FROM collector_hit")
        tables = {
            table for (table,) in cursor.fetchall()
        }  # months to come have no hits, and any way to read them is good

    plan = recent_hits.hits_in_window(pixel.project, pixel, NOON).explain()

    assert tables.isdisjoint(re.findall(r"Seq Scan on (\w+)", plan)), plan
    assert tables & set(re.findall(r"Scan.* on (\w+)", plan)), plan
