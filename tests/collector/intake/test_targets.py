import time
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.intake.badge_targets import is_for_images
from collector.intake.targets import Target, target_of, without_host
from tests.paths import path_cases

TOKEN = "k7m2q9x4w8z3n5p6r2ab"


@pytest.mark.parametrize("case", path_cases(), ids=lambda case: case.template)
def test_a_path_names_what_it_was_meant_to_name_and_an_unclear_one_names_nothing(case):
    path, _, _ = case.path(TOKEN).partition("?")
    expected = None if case.named is None else Target(TOKEN, *case.named)

    assert target_of(unquote(path)) == expected


def test_the_cases_are_many_and_distinct():
    paths = [case.path(TOKEN) for case in path_cases()]
    assert len(paths) == len(set(paths)) >= 200


@given(
    tail=st.text(max_size=50).filter(lambda text: text[:1].lower() not in set("abcdefghijklmnopqrstuvwxyz0123456789%"))
)
def test_whatever_follows_the_ending_changes_nothing(tail):
    target = target_of(f"/p/{TOKEN}/medium.gif{tail}")
    assert target is not None
    assert target.token == TOKEN


@given(path=st.text(max_size=200))
def test_any_text_is_read_without_an_error(path):
    target_of(path)
    target_of(f"/p/{TOKEN}{path}")
    without_host(path)


@pytest.mark.parametrize(
    "path", ["/", "/projects/p/", "/admin/", "/static/p/x.gif", "/share/abc/", "/api/v1/docs", "/healthz"]
)
def test_paths_of_the_site_are_not_for_pixels(path):
    assert not is_for_images(path)


@pytest.mark.parametrize(
    "path",
    ["/" * 60_000, "/." * 30_000, "/p/" + "a" * 60_000, f"/p/{TOKEN}/" + ".gif" * 15_000 + "x",
     f"/p/{TOKEN}/" + "/end" * 15_000, f"/p/{TOKEN}/" + "%25" * 20_000, "/p" + " " * 60_000, "http:" + "/" * 60_000],
    ids=range(8),
)  # fmt: skip
def test_a_long_path_costs_little_time(path):
    def seconds() -> float:
        began = time.thread_time()
        target_of.__wrapped__(path)
        return time.thread_time() - began

    assert min(seconds() for _ in range(3)) < 0.01


@pytest.mark.parametrize(
    ("target", "path"),
    [("http://h.example/login/", "/login/"), ("https://h.example", "/"), ("/login/", "/login/"), ("httpd", "httpd")],
)
def test_the_host_of_a_whole_url_is_taken_out(target, path):
    assert without_host(target) == path
