"""The path in PUBLIC_URL, which a reverse proxy removes from requests or not: for pixels, reports and pages."""

from collections.abc import Iterator

import pytest
from django.core.checks import run_checks

from collector.intake.pages import page_of
from collector.intake.plain_requests import beginnings
from collector.intake.prefix import public_path, without_prefix
from collector.intake.targets import Target, target_of

TOKEN = "k7m2q9x4w8z3n5p6r2ab"
CACHES = (target_of, page_of, beginnings)


@pytest.fixture(autouse=True)
def prefix(settings) -> Iterator[None]:
    settings.PUBLIC_URL, settings.FORCE_SCRIPT_NAME = "https://www.example.org/Foot.fall", "/Foot.fall"
    for remembered in CACHES:
        remembered.cache_clear()
    yield
    for remembered in CACHES:
        remembered.cache_clear()


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("/Foot.fall/login/", "/login/"),
        ("/Foot.fall/", "/"),
        ("/Foot.fall", ""),
        ("/login/", "/login/"),
        ("/Foot.falls/login/", "/Foot.falls/login/"),
        ("/Footxfall/login/", "/Footxfall/login/"),
        ("/foot.fall/login/", "/foot.fall/login/"),
        ("/x/Foot.fall/login/", "/x/Foot.fall/login/"),
        ("/Foot.fall/Foot.fall/login/", "/Foot.fall/login/"),
        ("", ""),
    ],
)
def test_the_prefix_is_removed_once_and_only_as_a_whole(path, rest):
    assert without_prefix(path) == rest


def test_the_public_path_has_the_prefix_once():
    assert public_path("/login/") == public_path("/Foot.fall/login/") == "/Foot.fall/login/"


@pytest.mark.parametrize(
    ("path", "is_found"),
    [
        (f"/Foot.fall/p/{TOKEN}/medium.gif", True),
        (f"/p/{TOKEN}/medium.gif", True),
        (f"/FOOT.FALL/P/{TOKEN.upper()}/MEDIUM.GIF", True),
        (f"//Foot.fall//p/{TOKEN}/medium.gif%22", True),
        (f"/%46oot.fall%2Fp%2F{TOKEN}%2Fmedium.gif", True),
        (f"https://www.example.org/Foot.fall/p/{TOKEN}/medium.gif", True),
        (f"/Footxfall/p/{TOKEN}/medium.gif", False),
        (f"/Foot.fallp/{TOKEN}/medium.gif", False),
        (f"/x/Foot.fall/p/{TOKEN}/medium.gif", False),
        (f"/Foot.fall/x/p/{TOKEN}/medium.gif", False),
    ],
)
def test_a_pixel_is_found_below_the_prefix_too(path, is_found):
    assert target_of(path) == (Target(TOKEN, "medium", is_end=False) if is_found else None)


def test_gunicorns_connection_takes_both_kinds_of_paths():
    assert beginnings() == (b"GET /p/", b"GET /Foot.fall/p/")


@pytest.mark.django_db(transaction=True)
def test_hits_and_reports_are_answered_with_and_without_the_prefix(endpoint, pixel):
    for before in ("", "/Foot.fall"):
        assert endpoint.get(f"{before}/p/{pixel.token}/medium.gif").reason == "counted"
        assert endpoint.get(f"{before}/p/unknown").reason == "unknown-token"
        assert endpoint.get(f"{before}/e/unknown").headers["content-type"] == "application/problem+json"
    assert [hit.placement for hit in endpoint.spooled()] == ["medium", "medium"]


@pytest.mark.parametrize(
    ("path", "is_page"),
    [
        (f"/Foot.fall/p/{TOKEN}.gif", False),
        ("/p/a-post-of-the-site-beside-us", True),
        ("/blog/", True),
    ],
)
def test_pages_beside_the_prefix_are_pages_of_another_site(path, is_page):
    referer = f"https://www.example.org{path}"
    assert page_of(referer.encode(), b"www.example.org") == (referer if is_page else "")


@pytest.mark.parametrize("path", ["/p", "/P/x", "/e", "/static", "/share", "/admin/footfall", "/healthz", "/v1"])
def test_a_prefix_that_begins_like_a_path_of_ours_is_refused(settings, path):
    assert [error for error in run_checks(tags=["urls"]) if error.id == "collector.E002"] == []

    settings.FORCE_SCRIPT_NAME = path

    [error] = [error for error in run_checks(tags=["urls"]) if error.id == "collector.E002"]
    assert "Use another path, such as /footfall" in error.hint
