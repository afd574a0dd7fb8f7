"""The visits of the last 30 minutes."""

import pytest

from collector.models import Verdict
from tests.dashboard.views.page_reader import get
from tests.hits import hit

pytestmark = pytest.mark.usefixtures("noon")


def test_right_now_has_the_visits_of_the_last_30_minutes(reader, pixel, second_pixel, take):
    take(
        hit(pixel, "2026-11-22T11:29"),
        hit(pixel, "2026-11-22T11:30:30"),
        hit(pixel, "2026-11-22T11:59", agent="Googlebot/2.1"),
        hit(pixel, "2026-11-22T11:59", is_end=True),
        hit(pixel, "2026-11-22T11:59:30"),
        hit(pixel, "2026-11-22T11:59:40", visitor=None, verdict=Verdict.OPTED_OUT),
        hit(second_pixel, "2026-11-22T11:45"),
    )
    for path, number in (("/projects/blog/", 4), (f"/projects/blog/{pixel.pk}/", 3)):
        answer = reader.get(f"{path}live/").json()
        assert (answer["text"], answer["words"]) == (str(number), "visits in the last 30 minutes")
        assert len(answer["minutes"].split()) == 30
        page = get(reader, f"{path}?range=yesterday")
        assert f'<strong class="number" data-live-number>{number}</strong>' in page
        assert answer["minutes"] in page
    assert answer["minutes"].startswith("0.0,10.0 ")
    assert answer["minutes"].endswith(",1.0")


def test_right_now_stops_counting_at_its_limit(reader, pixel, take, monkeypatch):
    monkeypatch.setattr("dashboard.report.live.MAX_LIVE", 2)
    take(*(hit(pixel, f"2026-11-22T11:5{minute}") for minute in range(3)))
    assert reader.get("/projects/blog/live/").json()["text"] == "2+"
    take(hit(pixel, "2026-11-22T11:55", verdict=Verdict.EXCESS))  # a flood that is filtered out uses up the limit too
    for path in ("/projects/blog/", f"/projects/blog/{pixel.pk}/"):
        assert reader.get(f"{path}live/").json()["text"] == "1+"
