"""Own sites, and pages that others show: as they are counted, counted again, and after the sites have changed."""

import pytest

from collector.models import DailyCount, Hit, Page, Project, Verdict
from collector.models.counts import ALL_PLATFORMS
from collector.storage.caps import MAX_PAGES, MAX_PLATFORMS
from collector.storage.rebuild import rebuild
from collector.storage.reclassify import reclassify
from tests.hits import counts, drain, hit, spool

pytestmark = pytest.mark.django_db(transaction=True)

DAY = "2026-11-22"
SITES = "My blog: example.com, old.example.net\nMedium: stories.example.com"
PAGES = [
    "https://example.com/a",
    "https://www.old.example.net/a/",
    "https://docs.example.com/a",
    "https://stories.example.com/b",
    "https://old-example-net.translate.goog/a",
    "https://web.archive.org/web/2026/https://medium.com/@a/b",
    "https://archive.ph/AbCdE",
    "https://copycat.example/a",
]


def all_counts():
    rows = DailyCount.objects.values_list("date", "pixel_id", "dimension", "platform", "value", "hits", "visitors")
    return sorted(rows)


def hits_on_all_pages(pixel):
    return [hit(pixel, page=page, placement=placement) for page in PAGES for placement in ("", "medium")]


def with_sites(sites):
    Project.objects.update(sites=sites)
    return Project.objects.get()


def test_hosts_of_a_site_are_one_and_raw_hits_keep_what_was_sent(take, pixel):
    with_sites(SITES)
    take(*(hit(pixel, page=page) for page in PAGES))

    assert counts("total") == {
        (DAY, "example.com", ""): (4, 1),
        (DAY, "medium", ""): (2, 0),
        (DAY, "archive-today", ""): (1, 0),
        (DAY, "copycat.example", ""): (1, 0),
    }
    assert counts("page", ALL_PLATFORMS) == {
        (DAY, "", "example.com/a"): (3, 1),
        (DAY, "", "docs.example.com/a"): (1, 0),
        (DAY, "", "stories.example.com/b"): (1, 0),
        (DAY, "", "medium.com/@a/b"): (1, 0),
        (DAY, "", "archive.ph/AbCdE"): (1, 0),
        (DAY, "", "copycat.example/a"): (1, 0),
    }
    assert set(Page.objects.values_list("url", flat=True)) == set(PAGES)


def test_only_copies_and_other_sites_are_seen_elsewhere(take, pixel):
    with_sites(SITES)
    take(*(hit(pixel, page=page, placement="medium") for page in PAGES))

    assert {value for _, _, value in counts("elsewhere", pixel.pk)} == {
        "example.com",
        "docs.example.com",
        "copycat.example",
    }


def test_counts_of_batches_equal_counts_of_all_raw_hits(tmp_path, pixel):
    project = with_sites(SITES)
    hits = [*hits_on_all_pages(pixel), *(hit(pixel, page=f"https://{n}.example.com/") for n in range(MAX_PAGES + 5))]
    hits += [hit(pixel, page=f"https://made-up-{n}.example/", placement="medium") for n in range(MAX_PAGES + 5)]
    hits += hits_on_all_pages(pixel)
    spool(tmp_path, hits)
    drain(tmp_path, batch_lines=9)
    step_by_step = all_counts()

    rebuild(project)
    assert all_counts() == step_by_step
    assert reclassify(project) == 0
    assert all_counts() == step_by_step


@pytest.mark.parametrize(
    ("before", "after"), [("", SITES), (SITES, ""), (SITES, "Notes: docs.example.com, example.com")]
)
def test_reclassifying_moves_past_hits_to_the_sites_of_today(tmp_path, pixel, before, after):
    with_sites(before)
    spool(tmp_path, hits_on_all_pages(pixel))
    drain(tmp_path)
    project = with_sites(after)
    assert reclassify(project) > 0
    moved, platforms = all_counts(), list(Hit.objects.order_by("at", "id").values_list("platform", flat=True))

    Hit.objects.all().delete()
    DailyCount.objects.all().delete()
    spool(tmp_path, hits_on_all_pages(pixel))
    drain(tmp_path)

    assert list(Hit.objects.order_by("at", "id").values_list("platform", flat=True)) == platforms
    assert [row[:6] for row in all_counts()] == [row[:6] for row in moved]


def test_reclassifying_counts_past_previews_on_a_private_host_that_became_an_own_site(take, pixel, project):
    wiki, preview = "http://www.wiki.corp/a", Verdict.PREVIEW
    take(
        hit(pixel, visitor=7, page=wiki, verdict=preview),
        hit(pixel, visitor=7, page=wiki, verdict=preview),
        hit(pixel, visitor=None, page=wiki, verdict=preview, agent=""),  # opted out
        hit(pixel, visitor=8, page="http://other.corp/a", verdict=preview),
    )
    assert (reclassify(project), counts("total")) == (0, {})

    assert reclassify(with_sites("Wiki: wiki.corp")) == 3

    assert counts("total") == {(DAY, "wiki.corp", ""): (3, 1)}
    assert counts("verdict") == {(DAY, "wiki.corp", "opted-out"): (1, 0), (DAY, "other.corp", "preview"): (1, 0)}


def test_own_sites_stay_after_a_flood_of_made_up_hosts(tmp_path, pixel):
    with_sites(SITES)
    spool(tmp_path, [hit(pixel, page=f"https://made-up-{n}.example/{n}") for n in range(MAX_PAGES + MAX_PLATFORMS)])
    drain(tmp_path)
    spool(tmp_path, [hit(pixel, page="https://old.example.net/a")])
    drain(tmp_path)  # a new drain, which reads the counts

    assert (DAY, "example.com", "") in counts("total")
    assert (DAY, "example.com", "example.com/a") in counts("page", pixel.pk)


def test_a_page_over_its_cap_keeps_the_host_of_its_site_until_that_changes(take, pixel):
    with_sites(SITES)
    flood = [hit(pixel, page=f"https://stories.example.com/{n}", placement="medium") for n in range(MAX_PAGES + 1)]
    take(*flood, hit(pixel, page="https://stories.example.com/last"))

    over = Hit.objects.filter(page__url="(other)", placement="")
    assert counts("elsewhere", pixel.pk) == {}
    assert over.values_list("platform", "page__host").get() == ("medium", "stories.example.com")
    reclassify(with_sites(""))
    assert over.values_list("platform", flat=True).get() == "example.com"
    assert counts("elsewhere", pixel.pk)[DAY, "medium", "stories.example.com"] == (MAX_PAGES + 1, 1)
