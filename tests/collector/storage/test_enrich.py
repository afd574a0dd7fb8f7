from datetime import timedelta

import pytest
from django.utils import timezone

from collector.models import Evidence, Hit, Page, Project, SpoolOffset, Traffic, UserAgent, Verdict
from collector.models.counts import ALL_PLATFORMS
from collector.storage import caps
from tests.endpoints import CHROME
from tests.hits import CAMO, IPHONE, counts, hit

pytestmark = pytest.mark.django_db(transaction=True)

DAY = "2026-11-22"


def test_hints_refine_a_vague_agent_and_give_it_a_row_of_its_own(take, pixel):
    take(
        *(
            hit(pixel, agent=CHROME, hints=hints)
            for hints in ("", "?0 Linux", "?0 Android", "?0 Android", "?0 Chrome OS")
        )
    )
    take(hit(pixel, agent=CHROME, hints="?0 Android"), hit(pixel, agent=IPHONE, hints="?1 iOS"))

    rows = UserAgent.objects.order_by("os", "hints").values_list("hints", "os", "device")
    assert list(rows) == [
        ("?0 Android", "Android", "tablet"),
        ("?0 Chrome OS", "Chrome OS", "desktop"),
        ("", "Linux", "desktop"),
        ("", "iOS", "phone"),
    ]
    assert counts("os") == {
        (DAY, "(direct)", "Linux"): (2, 1),
        (DAY, "(direct)", "Android"): (3, 0),
        (DAY, "(direct)", "Chrome OS"): (1, 0),
        (DAY, "(direct)", "iOS"): (1, 0),
    }


def test_hits_of_muted_minutes_are_filtered_out_and_bots_stay_bots(take, pixel):
    began = timezone.now().replace(microsecond=0)
    pixel.mute(began)
    moments = [(began + timedelta(minutes=minutes)).isoformat() for minutes in (-1, 0, 9, 10)]
    take(*(hit(pixel, moment) for moment in moments), hit(pixel, moments[1], agent=CAMO))
    take(hit(pixel, moments[1], agent="Googlebot/2.1"), hit(pixel, moments[2], verdict=Verdict.OPTED_OUT, agent=""))

    verdicts = Hit.objects.order_by("at").values_list("verdict", flat=True)
    assert sorted(verdicts) == sorted([Verdict.COUNTED] * 2 + [Verdict.MUTED] * 4 + [Verdict.BOT])
    assert sum(visits for visits, _ in counts("total").values()) == 2


def test_muting_again_extends_the_pause_and_unmuting_ends_it(pixel):
    began = timezone.now()
    pixel.mute(began)
    pixel.mute(began + timedelta(minutes=6))
    assert (pixel.muted_at, pixel.muted_until) == (began, began + timedelta(minutes=16))

    pixel.unmute(began + timedelta(minutes=7))
    pixel.refresh_from_db()
    assert pixel.is_muted(began + timedelta(minutes=6))
    assert not pixel.is_muted(began + timedelta(minutes=7))


@pytest.mark.parametrize(("drops", "stored"), [(False, 2), (True, 1)])
def test_a_project_can_drop_readers_who_opt_out(take, pixel, drops, stored):
    Project.objects.update(drops_opted_out=drops)
    take(hit(pixel), hit(pixel, verdict=Verdict.OPTED_OUT, agent="", visitor=None))

    assert Hit.objects.count() == stored


@pytest.mark.parametrize(
    ("fields", "host"),
    [
        ({"placement": "medium", "page": "https://medium.com/@a/b"}, ""),
        ({"placement": "medium", "page": "https://a.medium.com/b"}, ""),
        ({"placement": "medium", "page": "https://copycat.example/b"}, "copycat.example"),
        ({"placement": "medium", "page": "https://dev.to/b"}, "dev.to"),
        ({"placement": "medium", "page": "https://mail.google.com/"}, ""),
        ({"placement": "medium", "page": "https://feedly.com/i"}, ""),
        ({"placement": "our-intranet", "page": "https://wiki.example/"}, ""),
        ({"placement": "", "page": "https://copycat.example/b"}, ""),
        ({"placement": "medium", "page": ""}, ""),
    ],
)
def test_a_pixel_seen_elsewhere_counts_and_is_listed(take, pixel, fields, host):
    take(hit(pixel, **fields))

    platform = Hit.objects.get().platform
    assert counts("total", pixel.pk) == {(DAY, platform, ""): (1, 1)}
    assert counts("elsewhere", pixel.pk) == ({(DAY, platform, host): (1, 1)} if host else {})
    assert counts("elsewhere", ALL_PLATFORMS) == ({(DAY, "", host): (1, 1)} if host else {})


def test_the_evidence_for_a_platform_is_counted_for_the_project(take, pixel):
    take(hit(pixel, placement="medium"), hit(pixel, page="https://medium.com/a"), hit(pixel, agent=CAMO), hit(pixel))

    assert counts("evidence") == {
        (DAY, "medium", Evidence.PLACEMENT.label): (1, 1),
        (DAY, "medium", Evidence.PAGE.label): (1, 0),
        (DAY, "github", Evidence.PROXY.label): (1, 0),
        (DAY, "(direct)", Evidence.NONE.label): (1, 0),
    }
    assert counts("evidence", pixel.pk) == counts("evidence", ALL_PLATFORMS) == {}


def test_suspects_are_bots_and_not_visits(take, pixel):
    take(hit(pixel, verdict=Verdict.SUSPECT))

    assert Hit.objects.get().traffic == Traffic.BOT
    assert counts("total") == {}
    assert counts("verdict") == {(DAY, "(direct)", "suspect"): (1, 0)}


def test_query_strings_over_a_cap_lose_what_says_least_and_count_as_their_page(take, pixel, monkeypatch):
    monkeypatch.setattr(caps, "MAX_QUERIES", 3)
    sent = [("spring", "a", number) for number in range(5)]
    sent += [("spring", source, 9) for source in "abcd"]
    sent += [(campaign, "e", 9) for campaign in ("summer", "autumn", "winter")]
    url = "https://a.example/b?utm_campaign={}&utm_source={}&utm_id={}"
    take(*(hit(pixel, page=url.format(*values)) for values in sent))

    assert counts("page") == {(DAY, "a.example", "a.example/b"): (len(sent), 1)}
    kept = [("spring", "a", 0), ("spring", "a", 1), ("spring", "a", 2)]
    kept += [("spring", source, "(other)") for source in "abc"]
    kept += [(campaign, "(other)", "(other)") for campaign in ("spring", "summer", "autumn", "(other)")]
    assert set(Page.objects.values_list("url", flat=True)) == {url.format(*values) for values in kept}


def test_hits_from_private_addresses_are_counted_by_segment(take, pixel):
    take(hit(pixel, is_private=True), hit(pixel, is_private=True), hit(pixel))

    assert list(SpoolOffset.objects.values_list("hits", "private")) == [(3, 2)]


@pytest.mark.parametrize("verdict", [Verdict.EXCESS, Verdict.PREFETCH])
def test_a_bot_stays_a_bot_with_any_other_verdict_and_counts_once(take, pixel, verdict):
    take(hit(pixel, agent="Googlebot/2.1", verdict=verdict))

    assert Hit.objects.values_list("traffic", "verdict").get() == (Traffic.BOT, verdict)
    assert counts("verdict") == {(DAY, "(direct)", verdict.label): (1, 0)}
    assert counts("traffic") == {}
