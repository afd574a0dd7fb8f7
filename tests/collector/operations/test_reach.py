import socket
import threading

import pytest

from collector.operations.checks import reach
from collector.operations.checks.finding import Level, Situation
from tests.collector.operations.fronts import (
    UNKNOWN_PIXEL,
    Canned,
    Front,
    appends,
    removes,
    replaces,
    self_made_certificate,
    serving,
)

OK, WARNING, PROBLEM = Level


def findings(settings, front, path="", *, trusted=0, situation=None):
    """Return what the checks find of PUBLIC_URL at a front, by their names."""
    settings.TRUSTED_PROXIES = trusted
    with serving(front) as port:
        settings.PUBLIC_URL = f"http://127.0.0.1:{port}{path}"
        situation = situation or Situation(timeout_seconds=2)
        return {
            check.__name__: check(situation)
            for check in (reach.reached, reach.pixels, reach.proxies, reach.certificate)
        }


def test_a_server_behind_a_right_proxy_has_nothing_to_complain_about(settings):
    found = findings(settings, Front(appends("203.0.113.9")), trusted=1)

    assert {name: finding.level if finding else None for name, finding in found.items()} == {
        "reached": OK,
        "pixels": OK,
        "proxies": OK,
        "certificate": None,
    }


@pytest.mark.parametrize(
    ("url", "level", "text"),
    [
        ("", WARNING, "PUBLIC_URL is not set."),
        ("http://127.0.0.1:8000", WARNING, "works only on this computer"),
        ("https://wiki", WARNING, "works only in your own network"),
        ("http://hits.example.org", WARNING, "is not https"),
        ("https://hits.example.org", OK, "https://hits.example.org"),
    ],
)
def test_public_url_must_be_one_that_readers_reach(settings, url, level, text):
    settings.PUBLIC_URL = url

    finding = reach.public_url(Situation())

    assert finding.level == level
    assert text in finding.text
    assert bool(finding.remedy) == (level != OK)


@pytest.mark.parametrize(
    ("passes_on", "trusted", "level", "text"),
    [
        (appends(), 0, OK, "No proxy is in front"),
        (appends("203.0.113.9"), 1, OK, "1 proxy added"),
        (replaces("203.0.113.9"), 1, OK, "1 proxy added"),
        (appends("203.0.113.9", "10.0.0.1"), 2, OK, "2 proxies added"),
        (appends("203.0.113.9"), 0, PROBLEM, "all readers look like one"),
        (appends("203.0.113.9", "10.0.0.1"), 1, PROBLEM, "all readers look like one"),
        (appends("203.0.113.9"), 2, PROBLEM, "clients can forge their address"),
        (appends(), 1, PROBLEM, "clients can forge their address"),
        (removes("X-Forwarded-For"), 1, PROBLEM, "No proxy added an address"),
        (replaces("203.0.113.9"), 2, WARNING, "but TRUSTED_PROXIES is 2"),
        (lambda headers: replaces("203.0.113.9")(headers) | {"Forwarded": "for=198.51.100.1"}, 1, PROBLEM, "different"),
    ],
)
def test_proxies_are_counted_by_what_they_add(settings, passes_on, trusted, level, text):
    finding = findings(settings, Front(passes_on), trusted=trusted)["proxies"]

    assert finding.level == level, finding
    assert text in finding.text


@pytest.mark.parametrize(
    ("front", "path", "text", "remedy"),
    [
        (Front(health=Canned(200, {}, b"ok\n")), "", "Another Footfall", "SECRET_KEY"),
        (Front(health=Canned(200, {}, b"<h1>Welcome to nginx!")), "", "Another server", "See where the name"),
        (Front(health=Canned(404)), "/footfall", "status 404", "below /footfall/"),
        (
            Front(health=Canned(301, {"Location": "https://a.example/healthz"})),
            "",
            "redirects to https://a.ex",
            "Set P",
        ),
        (Front(health=Canned(502)), "", "Footfall does not (502)", "Start the web server"),
        (Front(health=Canned(401)), "", "keeps readers out", "without a password"),
        (Front(removes("X-Footfall-Check")), "", "Another Footfall", "SECRET_KEY"),
        (Front(lambda headers: headers | {"Host": "inner.example"}), "", "“inner.example” as the host", "$host"),
    ],
)
def test_an_answer_that_is_not_ours_is_explained(settings, front, path, text, remedy):
    finding = findings(settings, front, path)["reached"]

    assert finding.level == PROBLEM
    assert text in finding.text
    assert remedy in finding.text + finding.remedy


@pytest.mark.parametrize(
    ("pixel", "level", "text"),
    [
        (UNKNOWN_PIXEL, OK, "no proxy changes"),
        (Canned(403), PROBLEM, "status 403"),
        (Canned(404, {"X-Telemetry": "unknown-token", "Cache-Control": "max-age=14400"}), PROBLEM, "cached"),
        (Canned(404, {**UNKNOWN_PIXEL.headers, "Set-Cookie": "lb=1"}), WARNING, "adds a cookie"),
    ],
)
def test_pixels_must_leave_the_proxies_as_we_sent_them(settings, pixel, level, text):
    finding = findings(settings, Front(pixel=pixel))["pixels"]

    assert finding.level == level
    assert text in finding.text


def test_a_web_server_that_was_not_restarted_is_recognised(settings, monkeypatch):
    settings.TRUSTED_PROXIES = 1
    with serving(Front()) as port:
        settings.PUBLIC_URL = f"http://127.0.0.1:{port}"
        situation = Situation(timeout_seconds=2)
        situation.visit()
    settings.TRUSTED_PROXIES, settings.PUBLIC_URL = 2, "http://127.0.0.1:1"

    assert "still runs with TRUSTED_PROXIES=1" in reach.proxies(situation).text
    assert "runs with another PUBLIC_URL" in reach.reached(situation).text


def test_another_machine_with_our_key_is_told_apart(settings, tmp_path):
    with serving(Front()) as port:
        settings.PUBLIC_URL = f"http://127.0.0.1:{port}"
        situation = Situation(timeout_seconds=2)
        situation.visit()
    settings.DATA_DIR = tmp_path

    assert "Another machine" in reach.reached(situation).text


def test_a_name_without_an_address_is_explained(settings, monkeypatch):
    def unknown(*args, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    settings.PUBLIC_URL = "https://hits.example.org"

    finding = reach.reached(Situation())

    assert (finding.level, finding.text) == (PROBLEM, "The name hits.example.org has no address.")


def greet(listener, answer):
    with listener.accept()[0] as connection:
        connection.recv(4096)
        connection.sendall(answer)


@pytest.mark.parametrize(
    ("answers", "scheme", "text"),
    [
        (None, "http", "Nothing listens on 127.0.0.1"),
        (b"", "http", "did not answer within"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "http", "does not speak HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "https", "does not speak TLS"),
    ],
)
def test_a_server_that_does_not_answer_is_explained(settings, answers, scheme, text):
    listener = socket.create_server(("127.0.0.1", 0))
    settings.PUBLIC_URL = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=greet, args=(listener, answers), daemon=True)
    if answers is None:
        listener.close()
    elif answers:
        thread.start()
    finding = reach.reached(Situation(timeout_seconds=0.5))
    listener.close()

    assert finding.level == PROBLEM
    assert text in finding.text


@pytest.mark.parametrize(
    ("host", "days", "is_trusted", "level", "text"),
    [
        ("localhost", 90, True, OK, "is valid until"),
        ("localhost", 5, True, WARNING, "ends in 4 days"),
        ("localhost", 90, False, PROBLEM, "self-signed certificate"),
        ("other.example", 90, True, PROBLEM, "Hostname mismatch"),
    ],
)
def test_certificates_are_checked_as_browsers_do(settings, tmp_path, monkeypatch, host, days, is_trusted, level, text):
    certificate = self_made_certificate(tmp_path / "certificate.pem", host, days)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(Front(appends("203.0.113.9")), certificate) as port:
        settings.PUBLIC_URL = f"https://localhost:{port}"
        situation = Situation(timeout_seconds=2)
        finding = reach.certificate(situation) or reach.reached(situation)

    assert finding.level == level, finding
    assert text in finding.text


def test_tls_without_the_address_of_its_client_is_a_problem(settings, tmp_path, monkeypatch):
    certificate = self_made_certificate(tmp_path / "certificate.pem", "localhost", 90)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(Front(), certificate) as port:
        settings.PUBLIC_URL = f"https://localhost:{port}"
        finding = reach.proxies(Situation(timeout_seconds=2))

    assert (finding.level, finding.text) == (
        PROBLEM,
        "No proxy added an address to X-Forwarded-For: all readers look like one.",
    )
