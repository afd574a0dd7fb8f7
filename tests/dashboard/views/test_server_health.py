"""What the list of projects tells administrators about the server."""

from datetime import timedelta

import pytest

from collector.models import Collector, SpoolOffset, Upkeep
from tests.dashboard.conftest import NOON
from tests.dashboard.views.page_reader import get

pytestmark = pytest.mark.usefixtures("noon")


def test_only_administrators_are_told_of_lost_hits(viewer, client, admin_client):
    SpoolOffset.objects.create(segment="a", offset_bytes=0, lost=1200)
    SpoolOffset.objects.create(segment="b", offset_bytes=0, lost=34)
    client.force_login(viewer)

    assert "were lost" not in client.get("/").content.decode()
    assert "1,234 hits were lost" in admin_client.get("/").content.decode()
    SpoolOffset.objects.update(lost=0)
    assert "were lost" not in admin_client.get("/").content.decode()


def test_only_administrators_are_told_of_expired_hits_that_wait_for_an_answer(viewer, client, admin_client):
    segment("a", 1, 0, hours_ago=1000)
    upkeep = Upkeep.objects.create(refused_at=NOON)
    client.force_login(viewer)

    assert "purge --allow-large" not in client.get("/").content.decode()
    assert "purge --allow-large" in admin_client.get("/").content.decode()
    upkeep.refused_at = None
    upkeep.save()
    assert "purge --allow-large" not in admin_client.get("/").content.decode()


@pytest.mark.parametrize(
    ("silence", "is_mentioned"),
    [(timedelta(minutes=9), False), (timedelta(minutes=11), True), (timedelta(days=34), True), (timedelta(36), False)],
)
def test_only_administrators_are_told_of_a_drain_that_does_not_work(
    viewer, client, admin_client, silence, is_mentioned
):
    segment("a", 1, 0)
    Collector.objects.create(id="b", name="berlin-2", seen_at=NOON - silence)
    client.force_login(viewer)

    assert "berlin-2" not in client.get("/").content.decode()
    assert ("The drain of berlin-2 was last seen on" in admin_client.get("/").content.decode()) == is_mentioned


def test_losses_are_mentioned_for_90_days(admin_client):
    SpoolOffset.objects.create(segment="a", offset_bytes=0, lost=1200, updated_at=NOON - timedelta(days=91))

    assert "were lost" not in admin_client.get("/").content.decode()


PROXY_ADVICE = "set TRUSTED_PROXIES to the number of proxies (usually 1) and restart"


def segment(name: str, hits: int, private: int, hours_ago: int = 1) -> None:
    SpoolOffset.objects.create(
        segment=name, offset_bytes=0, hits=hits, private=private, updated_at=NOON - timedelta(hours=hours_ago)
    )


def test_only_administrators_are_told_of_readers_with_private_addresses(viewer, client, admin_client):
    segment("a", 1200, 1200)
    segment("b", 30, 30, hours_ago=23)
    client.force_login(viewer)

    assert "TRUSTED_PROXIES" not in get(client, "/")
    page = " ".join(get(admin_client, "/").split())
    assert "All 1,230 hits of the last day came from a private address, so all readers look like one" in page
    assert PROXY_ADVICE in page


@pytest.mark.parametrize(
    ("hits", "private", "hours_ago", "is_mentioned"),
    [
        (50, 50, 1, True),
        (49, 49, 1, False),
        (100, 95, 1, True),
        (100, 94, 1, False),
        (500, 0, 1, False),
        (500, 500, 25, False),
    ],
)
def test_private_addresses_are_mentioned_if_they_are_nearly_all_of_the_last_day(
    admin_client, hits, private, hours_ago, is_mentioned
):
    segment("a", hits, private, hours_ago)
    segment("old", 10_000, 0, hours_ago=48)

    page = get(admin_client, "/")

    assert (PROXY_ADVICE in page) == is_mentioned
    assert ("95 of the 100 hits" in page) == (private == 95)


def test_notes_for_administrators_cost_one_query(admin_client, pixel, django_assert_num_queries):
    segment("a", 100, 97)
    segment("b", 40, 40, hours_ago=48)
    SpoolOffset.objects.filter(segment="b").update(lost=5)
    with django_assert_num_queries(7):
        page = get(admin_client, "/")
    assert "5 hits were lost" in page
    assert "97 of the 100 hits of the last day" in page
