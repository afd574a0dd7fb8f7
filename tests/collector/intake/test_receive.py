"""What is kept of a request, and its verdict, for the ASGI entry point and for the Django view."""

import logging
from zlib import crc32

import pytest

from collector.intake import rate_limits
from collector.intake.answers import GIF
from collector.intake.lookups import Lookups
from collector.intake.rate_limits import Rate, ReaderLimiter, keyed_hash
from collector.intake.receive import agent_of
from collector.models import Project, Verdict
from collector.spool.line import MAX_AGENT
from collector.spool.reader import segments
from tests.endpoints import CHROME

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


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
    ("headers", "reason"),
    [
        ({}, "preview"),
        ({"sec_gpc": "1"}, "preview"),
        ({"user_agent": "curl/8.5.0"}, "bot"),
        ({"sec_purpose": "prefetch"}, "prefetch"),
        ({"peer": "192.0.2.7"}, "excluded"),
    ],
)
def test_pages_that_only_their_author_can_open_are_filtered_out(endpoint, pixel, headers, reason):
    Project.objects.update(excluded_networks="192.0.2.7")

    response = endpoint.get(f"/p/{pixel.token}.gif", referer="http://localhost:3000/draft", **headers)

    assert response.reason == reason
    [hit] = endpoint.spooled()
    assert (Verdict(hit.verdict).label, hit.page) == (reason, "http://localhost:3000/draft")
    assert (hit.visitor is None) == ("sec_gpc" in headers or "peer" in headers)


@pytest.mark.parametrize(
    ("page", "headers", "reason"),
    [
        ("http://wiki.corp/", {}, "counted"),
        ("http://www.wiki.corp:8080/page", {}, "counted"),
        ("http://notes.wiki.corp/", {}, "counted"),
        ("http://intranet/page", {}, "counted"),
        ("http://wiki.corp/", {"sec_gpc": "1"}, "opted-out"),
        ("http://otherwiki.corp/", {}, "preview"),
        ("http://corp/", {}, "preview"),
    ],
)
def test_pages_on_private_hosts_that_the_project_lists_as_its_own_count(endpoint, pixel, page, headers, reason):
    Project.objects.update(sites="Wiki: http://wiki.corp, http://intranet")

    assert endpoint.get(f"/p/{pixel.token}.gif", referer=page, **headers).reason == reason


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
def test_a_request_with_inconsistent_browser_headers_is_filtered_out(endpoint, pixel, headers, verdict):
    response = endpoint.get(f"/p/{pixel.token}.gif", **headers)

    assert [hit.verdict for hit in endpoint.spooled()] == [verdict]
    assert response.reason == {Verdict.SUSPECT: "bot"}.get(verdict, verdict.label)


@pytest.mark.every_database
def test_without_a_salt_nobody_who_reads_the_cache_can_try_out_addresses(endpoint, pixel, monkeypatch):
    keys = []
    monkeypatch.setattr(rate_limits, "get_usage", lambda *args, key, **options: keys.append(key(None, None)))
    monkeypatch.setattr(Lookups, "_query", lambda *args: 1 / 0)
    endpoint.receiver.readers = ReaderLimiter(Rate(1, 60))

    assert endpoint.get(f"/p/{pixel.token}.gif", peer="203.0.113.7").reason == "counted"
    tried = ("203.0.113.7", crc32(CHROME.encode()), pixel.token, "start")
    assert keys[0] not in {keyed_hash(tried, key) for key in (b"", b"no salt yet", pixel.token.encode())}


def test_a_long_agent_is_cut_before_it_is_cached(endpoint, pixel):
    agent_of.cache_clear()
    for last in ("a", "b"):
        endpoint.get(f"/p/{pixel.token}.gif", user_agent="M" * 65_536 + last)

    assert agent_of.cache_info().currsize == 1
    first, second = endpoint.spooled()
    assert first.agent == second.agent == "M" * MAX_AGENT
    assert first.visitor != second.visitor


def test_hits_from_own_addresses_are_excluded_and_keep_no_personal_data(endpoint, pixel):
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
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/146.0.0.0", "?0", '"Windows"', ""),  # hints tell nothing new
        ("github-camo (4b76e509)", "?0", '"Linux"', ""),
    ],
)
def test_client_hints_are_kept_if_the_agent_is_vague(endpoint, pixel, agent, mobile, platform, hints):
    endpoint.get(f"/p/{pixel.token}.gif", user_agent=agent, sec_ch_ua_mobile=mobile, sec_ch_ua_platform=platform)

    assert endpoint.spooled()[0].hints == hints


@pytest.mark.parametrize(
    ("header", "value", "hints"),
    [
        ("signature_agent", '"https://chatgpt.com"', "bot ChatGPT-User"),
        ("sec_ch_ua", '"HeadlessChrome";v="146", "Chromium";v="146"', "bot HeadlessChrome"),
        ("from", "googlebot(at)googlebot.com", "bot no name"),
    ],
)
def test_automation_behind_a_browsers_agent_is_a_bot_if_it_declares_itself(endpoint, pixel, header, value, hints):
    assert endpoint.get(f"/p/{pixel.token}.gif", **{header: value}).reason == "bot"
    assert endpoint.get(f"/p/{pixel.token}.gif", user_agent="github-camo (1)", **{header: value}).reason == "counted"

    assert [(hit.verdict, hit.hints) for hit in endpoint.spooled()] == [(Verdict.BOT, hints), (Verdict.COUNTED, "")]


@pytest.mark.parametrize(("peer", "private"), [("10.0.0.7", True), ("fd00::7", True), ("8.8.8.8", False)])
@pytest.mark.parametrize("headers", [{}, {"dnt": "1"}])
def test_a_private_address_is_marked_but_never_written(endpoint, pixel, peer, private, headers):
    endpoint.get(f"/p/{pixel.token}.gif", peer=peer, **headers)

    assert endpoint.spooled()[0].is_private is private
    assert peer.encode() not in segments(endpoint.directory)[0].read_bytes()


@pytest.mark.parametrize("signal", [{"dnt": "1"}, {"sec_gpc": "1"}])
def test_a_reader_who_opts_out_leaves_no_visitor_country_language_agent_or_campaign(endpoint, pixel, signal):
    endpoint.get(
        f"/p/{pixel.token}/medium.gif",
        peer="8.8.8.8",
        accept_language="de-DE",
        referer="https://medium.com/a?utm_id=reader-4711",
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
    for trace in (b"8.8.8.8", b"2001:4860", b":8888"):  # a visitor hash may contain any four digits
        assert trace not in written


def test_a_client_can_not_forge_its_address_if_no_proxy_is_trusted(endpoint, pixel):
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
        (
            "https://a.example/b?utm_source=<script>&UTM_source=x&utm_id=7",
            "https://a.example/b?utm_source=%3Cscript%3E&utm_id=7",
        ),
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
def test_a_page_keeps_scheme_host_path_and_campaign_parameters(endpoint, pixel, referer, page):
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
def test_the_language_is_the_first_one_without_region(endpoint, pixel, accept_language, language):
    endpoint.get(f"/p/{pixel.token}.gif", accept_language=accept_language)

    assert endpoint.spooled()[0].language == language


@pytest.mark.every_database
def test_one_reader_is_one_visitor_all_day_and_two_readers_are_two(endpoint, pixel):
    for peer, agent in [("8.8.8.8", CHROME), ("8.8.8.8", CHROME), ("8.8.4.4", CHROME), ("8.8.8.8", "Mozilla/5.0")]:
        endpoint.get(f"/p/{pixel.token}.gif", peer=peer, user_agent=agent)

    visitors = [hit.visitor for hit in endpoint.spooled()]
    assert visitors[0] == visitors[1]
    assert len(set(visitors)) == 3
