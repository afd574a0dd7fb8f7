"""The contract of the pixel endpoint, for the ASGI entry point and for the Django view."""

import errno
import os
from urllib.parse import quote

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.intake.answers import GIF
from collector.models import Pixel
from collector.spool.line import SpooledHit
from collector.spool.losses import loss_files, losses
from collector.spool.reader import read_lines, segments
from tests.endpoints import AsgiEndpoint, ViewEndpoint
from tests.paths import path_cases

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("path", "placement", "is_end"),
    [
        ("/p/{token}.gif", "", False),
        ("/p/{token}/medium.gif", "medium", False),
        ("/p/{token}/Medium.gif", "medium", False),
        ("/p/{token}/medium/end.gif", "medium", True),
        ("/p/{token}/end.gif", "", True),
        ("/p/{token}/my-own-blog.gif", "my-own-blog", False),
        ("/p/{token}/not%20a%20slug.gif", "(other)", False),
        ("/p/{token}/%ff%00.gif", "(other)", False),
        ("/p/{token}/medium.gif?cache=buster", "medium", False),
    ],
)
def test_a_get_is_answered_with_the_gif_and_spooled(endpoint, pixel, path, placement, is_end):
    response = endpoint.get(path.format(token=pixel.token))

    assert (response.status, response.body, response.reason) == (200, GIF, "counted")
    [hit] = endpoint.spooled()
    assert (hit.token, hit.placement, hit.is_end) == (pixel.token, placement, is_end)


def test_a_mangled_address_counts_as_if_it_were_right_and_an_unclear_one_does_not(endpoint, pixel):
    cases = path_cases()
    responses = [endpoint.get(case.path(pixel.token)) for case in cases]

    expected = [404 if case.named is None else 200 for case in cases]
    assert {case.template: response.status for case, response in zip(cases, responses, strict=True)} == {
        case.template: status for case, status in zip(cases, expected, strict=True)
    }
    hits = [(hit.token, hit.placement, hit.is_end) for hit in endpoint.spooled()]
    assert hits == [(pixel.token, *case.named) for case in cases if case.named is not None]


def test_the_gif_is_one_transparent_pixel_of_43_bytes():
    assert len(GIF) == 43
    assert GIF.startswith(b"GIF89a\x01\x00\x01\x00")
    assert GIF.endswith(b"\x3b")


def test_an_answer_carries_every_promised_header_and_no_cookie(endpoint, pixel):
    headers = endpoint.get(f"/p/{pixel.token}/medium.gif").headers

    promised = {
        "content-type": "image/gif",
        "content-length": "43",
        "cache-control": "no-store, no-cache, must-revalidate, private, max-age=0",
        "expires": "0",
        "cross-origin-resource-policy": "cross-origin",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
        "x-telemetry": "counted",
    }
    assert promised.items() <= dict(headers).items()
    assert not {"set-cookie", "etag", "last-modified", "vary"} & headers.keys()


def test_the_view_adds_nothing_to_what_the_fast_path_answers(tmp_path, pixel):
    path = f"/p/{pixel.token}/medium.gif"
    fast, view = AsgiEndpoint(tmp_path / "fast"), ViewEndpoint(tmp_path / "view")

    assert dict(view.get(path, host="any.example").headers) == dict(fast.get(path, host="any.example").headers)
    fast.close()
    view.close()


def test_head_gets_the_same_headers_and_counts_nothing(endpoint, pixel):
    path = f"/p/{pixel.token}/medium.gif"
    head = endpoint.request("HEAD", path)

    assert endpoint.spooled() == []
    assert head.status == 200
    assert head.body == b""
    assert head.headers == endpoint.get(path).headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_any_other_method_is_refused_with_the_allowed_ones(endpoint, pixel, method):
    response = endpoint.request(method, f"/p/{pixel.token}.gif")

    assert response.status == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert endpoint.spooled() == []


@pytest.mark.every_database
@pytest.mark.parametrize(
    "path",
    [
        "/p/abcdefghijkmnpqrstuv.gif",
        "/p/abcdefghijkmnpqrstuv/medium.gif",
        "/p/",
        "/p/x.gif",
        "/p/a/b/c/d.gif",
        "/p/.gif",
    ],
)
def test_an_unknown_token_gets_the_gif_so_that_no_article_shows_a_broken_image(endpoint, pixel, path):
    response = endpoint.get(path)

    assert (response.status, response.body, response.reason) == (404, GIF, "unknown-token")
    assert endpoint.spooled() == []


@pytest.mark.every_database
def test_the_token_of_a_retired_pixel_is_unknown(endpoint, pixel):
    Pixel.objects.update(retired_at=timezone.now())

    assert endpoint.get(f"/p/{pixel.token}.gif").reason == "unknown-token"


@pytest.mark.every_database
def test_a_new_pixel_counts_at_once_even_if_its_token_was_requested_before(endpoint, project):
    assert endpoint.get("/p/abcdefghijkmnpqrstuv.gif").status == 404
    Pixel.objects.create(project=project, title="New", token="abcdefghijkmnpqrstuv")

    assert endpoint.get("/p/abcdefghijkmnpqrstuv.gif").status == 200


@pytest.mark.every_database
def test_a_known_token_and_salt_need_no_query(endpoint, pixel, django_assert_num_queries):
    endpoint.get(f"/p/{pixel.token}.gif")

    with django_assert_num_queries(0):
        endpoint.get(f"/p/{pixel.token}.gif")


def test_a_spool_that_can_not_be_written_is_logged_and_the_image_still_shows(endpoint, pixel, caplog):
    endpoint.directory.write_text("a file where the spool should be")

    response = endpoint.get(f"/p/{pixel.token}.gif")

    assert (response.status, response.body, response.reason) == (503, GIF, "lost")
    assert "The spool can't be written" in caplog.text


def test_with_durability_disk_an_answer_waits_for_the_disk(endpoint, pixel, monkeypatch):
    endpoint.receiver.spool.is_durable = True

    assert endpoint.get(f"/p/{pixel.token}.gif").reason == "counted"
    assert not endpoint.receiver.spool.lines_to_sync

    def broken(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    response = endpoint.get(f"/p/{pixel.token}.gif")
    assert (response.status, response.body, response.reason) == (503, GIF, "lost")

    # A request that appends nothing doesn't wait, and is not lost.
    assert endpoint.request("HEAD", f"/p/{pixel.token}.gif").status == 200
    assert endpoint.get("/p/abcdefghijkmnpqrstuv.gif").status == 404
    monkeypatch.undo()
    assert [losses(path) for path in loss_files(endpoint.directory)] == [1]


HEADER_NAMES = ["user_agent", "referer", "accept_language", "x_forwarded_for", "sec_purpose", "dnt", "accept", "cookie"]
HEADERS = st.dictionaries(st.sampled_from(HEADER_NAMES), st.binary(max_size=300), max_size=6)


@pytest.mark.every_database
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers=HEADERS, tail=st.binary(max_size=60), trusted_proxies=st.integers(0, 3), peer=st.text(max_size=40))
def test_any_bytes_anywhere_get_the_gif_and_spool_a_line_that_can_be_parsed(
    endpoint, pixel, headers, tail, trusted_proxies, peer
):
    endpoint.receiver.trusted_proxies = trusted_proxies
    endpoint.receiver.spool.close()
    before = len(segments(endpoint.directory))
    bytes_of_tail = quote(tail, safe="/")
    for path in (
        f"/p/{pixel.token}/{bytes_of_tail}.gif",
        f"/p/{bytes_of_tail}",
        f"/p/{pixel.token}.gif?{bytes_of_tail}",
    ):
        response = endpoint.get(path, peer=peer, **headers)
        assert response.status in {200, 404}
        assert response.body == GIF
    assert len(segments(endpoint.directory)) == before + 1
    written = read_lines(segments(endpoint.directory)[-1], 0, limit_bytes=1 << 20)
    assert all(SpooledHit.from_line(line.content).token == pixel.token for line in written)
