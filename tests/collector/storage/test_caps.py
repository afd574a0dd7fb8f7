"""What strangers invent is bounded, and never hides what a catalogue names or an author declared."""

import pytest

from collector.models import DailyCount, Hit, Page, Pixel, Project
from collector.storage import caps
from collector.storage.caps import MAX_PAGES, MAX_PLATFORMS, MAX_PROJECT_PLATFORMS
from collector.storage.rebuild import rebuild
from collector.storage.reclassify import reclassify
from tests.hits import CAMO, counts, drain, hit, spool

pytestmark = pytest.mark.django_db(transaction=True)

DAY = "2026-11-22"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
# Named in hosts.tsv or platforms.toml, on different ways: by domain, by pattern, by prefix, as an app.
NAMED = {
    "https://chatgpt.com/c/1": "chatgpt",
    "https://www.youtube.com/watch": "youtube",
    "https://www.google.de/": "google",
    "https://l.instagram.com/": "instagram",
    "https://medium.com/@a/b": "medium",
    "https://my-project.pages.dev/post": "cloudflare-pages",
    "https://webmail-513.orange.fr/webmail": "orange-mail",
    "https://webmail.example.com/": "webmail",
    "android-app://com.openai.chatgpt/": "chatgpt",
    "android-app://com.slack/": "slack",
}


def made_up(pixel, amount, start=0, **fields):
    return [hit(pixel, page=f"https://made-up-{number}.example/", **fields) for number in range(start, start + amount)]


def of_named(pixel):
    return [hit(pixel, page=page) for page in NAMED]


def platforms(pages=tuple(NAMED)):
    """Return the platforms of stored hits, by page."""
    return dict(Hit.objects.filter(page__url__in=pages).values_list("page__url", "platform"))


def flood(project, pixel):
    """Return more made-up hosts than a pixel and its project may have in a day."""
    others = [Pixel.objects.create(project=project, title=str(number)) for number in range(4)]
    hits = made_up(pixel, MAX_PLATFORMS + 10)
    for number, other in enumerate(others, 1):
        hits += made_up(other, MAX_PLATFORMS, start=1000 * number)
    assert len(hits) > MAX_PROJECT_PLATFORMS
    return hits


def test_named_platforms_stay_after_a_flood_in_one_batch(take, project, pixel):
    take(*flood(project, pixel), *of_named(pixel))

    assert platforms() == NAMED
    rebuild(project)
    assert set(NAMED.values()) <= {platform for _, platform, _ in counts("total")}
    assert set(NAMED.values()) <= {platform for _, platform, _ in counts("total", pixel.pk)}


def test_named_platforms_stay_in_later_batches_and_after_a_restart(tmp_path, project, pixel):
    spool(tmp_path, flood(project, pixel))
    drain(tmp_path, batch_lines=7)
    spool(tmp_path, of_named(pixel))
    drain(tmp_path, batch_lines=1)  # a new drain, which reads the counts

    assert platforms() == NAMED


def test_the_caps_hold_over_restarts(tmp_path, project, pixel):
    for restart in range(3):
        spool(tmp_path, made_up(pixel, MAX_PLATFORMS, start=1000 * restart))
        drain(tmp_path)

    assert len({platform for _, platform, _ in counts("total")}) == MAX_PLATFORMS + 1


def test_hosts_that_only_bots_named_have_a_cap_of_their_own_that_holds_over_restarts(tmp_path, project, pixel):
    for restart in range(3):
        spool(tmp_path, made_up(pixel, MAX_PLATFORMS, start=1000 * restart, agent=BOT))
        drain(tmp_path)

    assert len(set(DailyCount.objects.values_list("platform", flat=True))) == MAX_PLATFORMS + 2  # and (other), and ""
    spool(tmp_path, made_up(pixel, MAX_PLATFORMS, start=5000))
    drain(tmp_path)
    assert "(other)" not in {platform for _, platform, _ in counts("total")}


def test_named_platforms_do_not_use_up_the_cap(tmp_path, project, pixel):
    Pixel.objects.update(placements=[f"wiki-{number}" for number in range(MAX_PLATFORMS)])
    spool(tmp_path, [*of_named(pixel), *(hit(pixel, placement=f"wiki-{number}") for number in range(MAX_PLATFORMS))])
    drain(tmp_path)
    spool(tmp_path, made_up(pixel, MAX_PLATFORMS))
    drain(tmp_path)

    assert "(other)" not in {platform for _, platform, _ in counts("total")}


def test_declared_placements_and_image_proxies_stay_after_a_flood(take, project, pixel):
    Pixel.objects.update(placements=["our-intranet"])
    take(*flood(project, pixel), hit(pixel, placement="our-intranet"), hit(pixel, agent=CAMO))

    assert {"our-intranet", "github"} <= {platform for _, platform, _ in counts("total")}


@pytest.mark.parametrize("made_up_host", ["made-up-{}.example", "webmail.made-up-{}.example", "searx.m{}.example"])
def test_pages_of_named_platforms_stay_after_a_flood_of_pages_on_made_up_hosts(tmp_path, project, pixel, made_up_host):
    """Strangers also invent hosts that a pattern names by their first label, such as a company's webmail."""
    spool(tmp_path, [hit(pixel, page=f"https://{made_up_host.format(number)}/") for number in range(MAX_PAGES + 10)])
    drain(tmp_path)
    spool(tmp_path, of_named(pixel))
    drain(tmp_path)

    pages = {value for _, _, value in counts("page", pixel.pk)}
    on_named_domains = {page.partition("://")[2].removeprefix("www.") for page in NAMED} - {"webmail.example.com/"}
    assert on_named_domains <= pages
    assert len(pages) == MAX_PAGES + 1 + len(on_named_domains)
    assert (DAY, "webmail", "") in counts("total", pixel.pk)


def test_pages_on_named_platforms_are_bounded_too_and_keep_their_platform(take, project, pixel):
    take(*(hit(pixel, page=f"https://a{number}.github.io/") for number in range(MAX_PAGES + 10)))

    assert counts("page", pixel.pk)[DAY, "github-pages", "(other)"] == (10, 0)
    assert counts("total") == {(DAY, "github-pages", ""): (MAX_PAGES + 10, 1)}
    assert Page.objects.count() == MAX_PAGES + 1


def test_pages_elsewhere_are_bounded_and_a_copy_on_a_named_platform_stays(tmp_path, project, pixel):
    spool(tmp_path, made_up(pixel, MAX_PAGES + 10, placement="medium"))
    drain(tmp_path)
    spool(tmp_path, [hit(pixel, placement="medium", page="https://dev.to/copied")])
    drain(tmp_path)

    hosts = {value for _, _, value in counts("elsewhere", pixel.pk)}
    assert len(hosts) == MAX_PAGES + 1
    assert "dev.to" in hosts


@pytest.mark.parametrize("page", ["https://chatgpt.com/", "https://blog.example.net/hello"])
def test_query_strings_of_a_flood_of_hosts_leave_those_of_named_platforms_and_own_sites(
    take, project, pixel, page, monkeypatch
):
    Project.objects.update(sites="blog.example.net")
    monkeypatch.setattr(caps, "MAX_QUERIES", 5)
    take(
        *(hit(pixel, page=f"https://made-up-{number}.example/?utm_id=7") for number in range(40)),
        hit(pixel, page=f"{page}?utm_id=7"),
    )

    assert Page.objects.filter(url=f"{page}?utm_id=7").exists()
    assert (DAY, Hit.objects.get(page__url=f"{page}?utm_id=7").platform, "7") in counts("utm_id", pixel.pk)


def test_invented_placements_are_one_platform(take, project, pixel):
    take(*(hit(pixel, placement=f"made-up-{number}") for number in range(MAX_PLATFORMS + 10)))

    assert counts("total") == {(DAY, "(other)", ""): (MAX_PLATFORMS + 10, 1)}


def test_reclassifying_names_hosts_of_pages_over_the_cap(take, project, pixel):
    take(*(hit(pixel, page=f"https://made-up.example/{number}") for number in range(MAX_PAGES + 3)))
    over = list(Hit.objects.filter(page__url="(other)").values_list("at", "id"))
    stored = ["alice.pages.dev", "www.blog.example.co.uk", "com.example.app"]
    for (at, hit_id), platform in zip(over, stored, strict=True):
        Hit.objects.filter(at=at, id=hit_id).update(platform=platform)

    assert reclassify(project) == 2
    platforms_over_the_cap = set(Hit.objects.filter(page__url="(other)").values_list("platform", flat=True))
    assert platforms_over_the_cap == {"cloudflare-pages", "example.co.uk", "com.example.app"}
    assert reclassify(project) == 0


def test_reclassifying_names_what_a_flood_hid_and_leaves_what_no_catalogue_names(take, project, pixel):
    hits = [*made_up(pixel, MAX_PLATFORMS + 1), *of_named(pixel), hit(pixel, page="https://alice.pages.dev/", agent="")]
    take(*hits)
    stale = Hit.objects.filter(page__url__in=[*NAMED, "https://alice.pages.dev/"])
    stale.update(platform="(other)")  # as stored before those platforms were named
    stale.filter(page__url="https://alice.pages.dev/").update(platform="alice.pages.dev")
    rebuild(project)

    assert reclassify(project) == len(NAMED) + 1

    assert platforms() == NAMED
    assert platforms(["https://alice.pages.dev/"]) == {"https://alice.pages.dev/": "cloudflare-pages"}
    assert counts("total")[DAY, "(other)", ""] == (1, 0)
    assert reclassify(project) == 0
