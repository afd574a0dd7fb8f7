"""The pixel endpoint's contract, once for the ASGI fast path and once for the Django view."""

import errno
import logging
import os
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.db import OperationalError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.intake.answers import GIF
from collector.intake.receive import agent_of
from collector.models import Pixel, Project, Verdict
from collector.spool.line import MAX_AGENT, SpooledHit
from collector.spool.losses import loss_files, losses
from collector.spool.reader import read_lines, segments
from tests.endpoints import CHROME, AsgiEndpoint, Endpoint, ViewEndpoint

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[AsgiEndpoint, ViewEndpoint], ids=["asgi", "view"])
def endpoint(request, tmp_path) -> Iterator[Endpoint]:
    endpoint = request.param(tmp_path / "spool")
    yield endpoint
    endpoint.close()


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


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_health_check_is_answered_whatever_host_it_names(client, path):
    response = client.get(path, headers={"host": "10.1.2.3:8000"})

    assert (response.status_code, response.content) == (200, b"ok\n")


def test_readiness_fails_while_the_database_is_away(client, monkeypatch):
    def away(*args):
        raise OperationalError("no connection")

    monkeypatch.setattr("collector.intake.health.connection.cursor", away)

    response = client.get("/readyz")

    assert (response.status_code, response.content) == (503, b"the database can't be reached\n")


def test_head_gets_the_same_headers_and_counts_nothing(endpoint, pixel):
    path = f"/p/{pixel.token}/medium.gif"
    head = endpoint.request("HEAD", path)

    assert endpoint.spooled() == []
    assert head.status == 200
    assert head.body == b""
    assert head.headers == endpoint.get(path).headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_any_other_method_is_refused_and_told_what_is_allowed(endpoint, pixel, method):
    response = endpoint.request(method, f"/p/{pixel.token}.gif")

    assert response.status == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert endpoint.spooled() == []


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
def test_an_unknown_token_is_answered_with_the_gif_so_that_no_article_breaks(endpoint, pixel, path):
    response = endpoint.get(path)

    assert (response.status, response.body, response.reason) == (404, GIF, "unknown-token")
    assert endpoint.spooled() == []


def test_a_retired_pixel_is_unknown(endpoint, pixel):
    Pixel.objects.update(retired_at=timezone.now())

    assert endpoint.get(f"/p/{pixel.token}.gif").reason == "unknown-token"


def test_a_new_pixel_counts_at_once_though_its_token_was_asked_for_before(endpoint, project):
    assert endpoint.get("/p/abcdefghijkmnpqrstuv.gif").status == 404
    Pixel.objects.create(project=project, title="New", token="abcdefghijkmnpqrstuv")

    assert endpoint.get("/p/abcdefghijkmnpqrstuv.gif").status == 200


def test_a_known_token_and_salt_need_no_query(endpoint, pixel, django_assert_num_queries):
    endpoint.get(f"/p/{pixel.token}.gif")

    with django_assert_num_queries(0):
        endpoint.get(f"/p/{pixel.token}.gif")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"sec_purpose": "prefetch"}, "prefetch"),
        ({"sec_purpose": "prefetch;prerender"}, "prefetch"),
        ({"purpose": "Prefetch"}, "prefetch"),
        ({"x_moz": "prefetch"}, "prefetch"),
        ({"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, "bot"),
        ({"user_agent": "curl/8.5.0"}, "bot"),
        ({"user_agent": ""}, "bot"),
        ({"user_agent": "github-camo (4b76e509)"}, "counted"),
        ({"sec_gpc": "1"}, "opted-out"),
        ({"dnt": "1"}, "opted-out"),
        ({"dnt": "0"}, "counted"),
        ({"dnt": "1", "user_agent": "Slackbot 1.0"}, "bot"),
    ],
)
def test_the_answer_says_why_a_hit_did_or_did_not_count(endpoint, pixel, headers, reason):
    response = endpoint.get(f"/p/{pixel.token}.gif", **headers)

    assert (response.status, response.body, response.reason) == (200, GIF, reason)
    [hit] = endpoint.spooled()
    assert Verdict(hit.verdict).label == reason


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({"sec_fetch_dest": "image", "accept": "image/avif,image/webp,*/*;q=0.8"}, Verdict.COUNTED),
        ({"accept": "*/*"}, Verdict.COUNTED),
        ({"sec_fetch_dest": "document"}, Verdict.SUSPECT),
        ({"sec_fetch_dest": "empty", "sec_fetch_mode": "cors"}, Verdict.SUSPECT),
        ({"accept": "text/html,application/xhtml+xml"}, Verdict.SUSPECT),
        ({"accept": "text/html", "user_agent": "github-camo (4b76e509)"}, Verdict.COUNTED),
        ({"accept": "text/html", "user_agent": "curl/8.5.0"}, Verdict.BOT),
        ({"accept": "text/html", "sec_purpose": "prefetch"}, Verdict.PREFETCH),
    ],
)
def test_a_request_that_no_browser_makes_for_an_image_is_set_aside(endpoint, pixel, headers, verdict):
    response = endpoint.get(f"/p/{pixel.token}.gif", **headers)

    assert [hit.verdict for hit in endpoint.spooled()] == [verdict]
    assert response.reason == {Verdict.SUSPECT: "bot"}.get(verdict, verdict.label)


def test_of_a_long_agent_no_more_is_remembered_than_is_kept(endpoint, pixel):
    agent_of.cache_clear()
    for last in ("a", "b"):
        endpoint.get(f"/p/{pixel.token}.gif", user_agent="M" * 65_536 + last)

    assert agent_of.cache_info().currsize == 1
    first, second = endpoint.spooled()
    assert first.agent == second.agent == "M" * MAX_AGENT
    assert first.visitor != second.visitor


def test_hits_from_the_authors_own_addresses_are_excluded_and_leave_nothing_of_them(endpoint, pixel):
    Project.objects.update(excluded_networks="8.8.8.0/24\n2001:db8::7")
    path = f"/p/{pixel.token}/medium.gif"
    reasons = [endpoint.get(path, peer=peer).reason for peer in ("8.8.8.8", "::ffff:8.8.8.9", "2001:db8::7", "8.8.4.4")]

    assert reasons == ["excluded", "excluded", "excluded", "counted"]
    own = endpoint.spooled()[0]
    assert (own.verdict, own.visitor, own.country, own.agent) == (Verdict.EXCLUDED, None, "", "")


@pytest.mark.parametrize(
    ("agent", "mobile", "platform", "hints"),
    [
        (CHROME, "?0", '"Android"', "?0 Android"),
        (CHROME, "?0", "", "?0"),
        (CHROME, "", '"Chrome OS"', " Chrome OS"),
        (CHROME, "?2", '"<script>"', ""),
        (CHROME, "", "", ""),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/146.0.0.0", "?0", '"Windows"', ""),  # nothing left to tell
        ("github-camo (4b76e509)", "?0", '"Linux"', ""),
    ],
)
def test_client_hints_are_kept_where_the_agent_is_vague(endpoint, pixel, agent, mobile, platform, hints):
    endpoint.get(f"/p/{pixel.token}.gif", user_agent=agent, sec_ch_ua_mobile=mobile, sec_ch_ua_platform=platform)

    assert endpoint.spooled()[0].hints == hints


@pytest.mark.parametrize(("peer", "private"), [("10.0.0.7", True), ("fd00::7", True), ("8.8.8.8", False)])
@pytest.mark.parametrize("headers", [{}, {"dnt": "1"}])
def test_a_private_address_is_noted_as_such_and_not_written(endpoint, pixel, peer, private, headers):
    endpoint.get(f"/p/{pixel.token}.gif", peer=peer, **headers)

    assert endpoint.spooled()[0].is_private is private
    assert peer.encode() not in segments(endpoint.directory)[0].read_bytes()


@pytest.mark.parametrize("signal", [{"dnt": "1"}, {"sec_gpc": "1"}])
def test_who_opts_out_leaves_no_visitor_country_language_or_agent(endpoint, pixel, signal):
    endpoint.get(
        f"/p/{pixel.token}/medium.gif",
        peer="8.8.8.8",
        accept_language="de-DE",
        referer="https://medium.com/a",
        **signal,
    )

    [hit] = endpoint.spooled()
    assert (hit.visitor, hit.country, hit.language, hit.agent) == (None, "", "", "")
    assert (hit.placement, hit.page) == ("medium", "https://medium.com/a")


@pytest.mark.parametrize("peer", ["8.8.8.8", "::ffff:8.8.8.8", "2001:4860:4860::8888"])
def test_the_address_becomes_a_country_and_a_visitor_and_is_never_written(endpoint, pixel, peer, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    endpoint.get(f"/p/{pixel.token}.gif", peer=peer)

    [hit] = endpoint.spooled()
    assert hit.country == "US"
    assert hit.visitor is not None
    written = b"".join(path.read_bytes() for path in endpoint.directory.iterdir())
    written += caplog.text.encode() + "".join(capfd.readouterr()).encode()
    for trace in (b"8.8.8.8", b"2001:4860", b":8888"):  # a visitor's number may hold any four digits
        assert trace not in written


def test_a_client_can_not_forge_its_address_where_no_proxy_is_trusted(endpoint, pixel):
    endpoint.get(f"/p/{pixel.token}.gif", peer="8.8.8.8")
    endpoint.get(f"/p/{pixel.token}.gif", peer="8.8.8.8", x_forwarded_for="193.0.6.139")

    plain, forged = endpoint.spooled()
    assert (plain.visitor, plain.country) == (forged.visitor, forged.country)


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("https://medium.com/@a/b?token=secret#c", "https://medium.com/@a/b"),
        (
            "https://a.example/b?utm_source=x&token=secret&utm_medium=y#c",
            "https://a.example/b?utm_source=x&utm_medium=y",
        ),
        ("https://a.example/b?utm_source=<script>&UTM_source=x&utm_id=7", "https://a.example/b"),
        (f"https://a.example/{'b' * 480}?utm_source={'x' * 40}", f"https://a.example/{'b' * 480}"),
        ("https://user:secret@example.org/a", "https://example.org/a"),
        ("https://user:se@cret@example.org/a", "https://example.org/a"),
        ("https://Example.ORG", "https://example.org/"),
        ("http://example.org:8080/a", "http://example.org:8080/a"),
        ("android-app://com.google.android.gm/", "android-app://com.google.android.gm/"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("https://", ""),
        ("nonsense", ""),
        ("https://exa mple.org/", ""),
        ("", ""),
    ],
)
def test_a_page_keeps_scheme_host_and_path_and_what_names_a_campaign(endpoint, pixel, referer, page):
    endpoint.get(f"/p/{pixel.token}.gif", referer=referer)

    assert endpoint.spooled()[0].page == page


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en", "en"),
        ("ZH-hans", "zh"),
        ("*", ""),
        ("12", ""),
        ("german", ""),
        ("", ""),
    ],
)
def test_the_language_is_the_first_one_without_its_region(endpoint, pixel, accept_language, language):
    endpoint.get(f"/p/{pixel.token}.gif", accept_language=accept_language)

    assert endpoint.spooled()[0].language == language


def test_one_reader_is_one_visitor_all_day_and_two_readers_are_two(endpoint, pixel):
    for peer, agent in [("8.8.8.8", CHROME), ("8.8.8.8", CHROME), ("8.8.4.4", CHROME), ("8.8.8.8", "Mozilla/5.0")]:
        endpoint.get(f"/p/{pixel.token}.gif", peer=peer, user_agent=agent)

    visitors = [hit.visitor for hit in endpoint.spooled()]
    assert visitors[0] == visitors[1]
    assert len(set(visitors)) == 3


def test_a_spool_that_can_not_be_written_is_said_and_the_image_still_shows(endpoint, pixel, caplog):
    endpoint.directory.write_text("a file where the spool should be")

    response = endpoint.get(f"/p/{pixel.token}.gif")

    assert (response.status, response.body, response.reason) == (503, GIF, "lost")
    assert "the spool can't be written" in caplog.text


def test_with_durability_disk_an_answer_waits_for_the_disk(endpoint, pixel, monkeypatch):
    endpoint.receiver.spool.is_durable = True

    assert endpoint.get(f"/p/{pixel.token}.gif").reason == "counted"
    assert not endpoint.receiver.spool.unsynced

    def broken(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    response = endpoint.get(f"/p/{pixel.token}.gif")
    assert (response.status, response.body, response.reason) == (503, GIF, "lost")

    # What appends nothing waits for nothing, and is no loss.
    assert endpoint.request("HEAD", f"/p/{pixel.token}.gif").status == 200
    assert endpoint.get("/p/abcdefghijkmnpqrstuv.gif").status == 404
    monkeypatch.undo()
    assert [losses(path) for path in loss_files(endpoint.directory)] == [1]


HEADER_NAMES = ["user_agent", "referer", "accept_language", "x_forwarded_for", "sec_purpose", "dnt", "accept", "cookie"]
HEADERS = st.dictionaries(st.sampled_from(HEADER_NAMES), st.binary(max_size=300), max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers=HEADERS, tail=st.binary(max_size=60), trusted_proxies=st.integers(0, 3), peer=st.text(max_size=40))
def test_any_bytes_anywhere_give_the_gif_and_a_line_that_reads_back(
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
