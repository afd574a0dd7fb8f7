"""Pages that say what went wrong: they need nothing that may be what failed, and say what to do next."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import path

from collector.intake.middleware import collector_first
from dashboard.views import errors
from telemetry_site.urls import handler400, handler403, handler404, handler500, urlpatterns  # noqa: F401

BROWSER = {"Accept": "text/html,*/*;q=0.8"}


def refuse(request):
    raise PermissionDenied


def fail(request):
    raise RuntimeError("The database is away.")


urlpatterns = [path("refused/", refuse), path("failed/", fail), *urlpatterns]


@pytest.fixture
def browser(settings) -> Client:
    """A browser on a site whose database may not be asked: no test here has one."""
    settings.ROOT_URLCONF = "tests.dashboard.views.test_errors"
    return Client(raise_request_exception=False, headers=BROWSER)


def texts(response) -> str:
    """Return what a page says, without its style."""
    page = re.sub(r"<style>.*</style>", "", response.content.decode(), flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize(
    ("address", "host", "status", "says"),
    [
        ("/nothing/here/", "localhost", 404, "Check the address for typing errors"),
        ("/refused/", "localhost", 403, "log in with another account"),
        ("/failed/", "localhost", 500, "Try again in a moment"),
        ("/i18n/setlang/", "evil.example", 400, "set PUBLIC_URL to the address that people use"),
        ("/logout/", "localhost", 405, "Go back to the page with the form"),
    ],
)
def test_each_error_has_a_page_that_needs_nothing_else(browser, address, host, status, says):
    response = browser.get(address, headers={"Host": host})

    page = response.content.decode()
    assert response.status_code == status
    assert says in texts(response)
    assert page.startswith("<!doctype html>")
    assert re.findall(r"""href="(?!data:|/")|<script|<img|\ssrc=|url\(""", page) == []
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in f"{response.headers['Content-Security-Policy']};"
    assert "no-store" in response.headers["Cache-Control"]
    assert not response.cookies


def test_other_pages_allow_no_style_of_their_own(browser):
    assert "sha256" not in browser.get("/healthz").headers.get("Content-Security-Policy", "")
    assert "style-src 'self'" in browser.get("/admin/login/").headers["Content-Security-Policy"]


def test_errors_speak_the_language_of_the_browser(browser):
    german = browser.get("/nothing/here/", headers={"Accept-Language": "de"}).content.decode()

    assert '<html lang="de">' in german
    assert "Seite nicht gefunden" in german


def test_a_wrong_method_has_a_page_for_people_and_none_for_programs(browser):
    assert browser.get("/logout/").headers["Allow"] == "POST, OPTIONS"
    answer = Client().get("/logout/", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.content) == (405, b"")


# Names that the server does not have

HOSTS = [
    ("evil.example", "“evil.example”"),
    ("<script>alert(1)</script>", "“<script>alert(1)</script>”"),
    ('a"onload="x', '“a"onload="x”'),
    ("a b", "“a b”"),
    ("x" * 10_000, f"“{'x' * 100}…”"),
    ("bücher.example".encode().decode("latin-1"), "“bücher.example”"),
    ("a\x85\u00adb", "“a��b”"),
    ("hits.example:8000", "“hits.example”"),
    ("\xff\xfe", "“��”"),
]


@pytest.mark.parametrize(("host", "shown"), HOSTS)
def test_an_unknown_host_is_named_as_it_is_and_does_no_harm(browser, settings, host, shown):
    settings.ALLOWED_HOSTS = ["secret.internal.example"]

    response = browser.get("/login/", headers={"Host": host})

    assert response.status_code == 400
    assert shown in texts(response)
    assert "ALLOWED_HOSTS" in texts(response)
    assert "<script" not in response.content.decode()
    assert len(response.content) < 6000
    assert "secret.internal" not in response.content.decode()
    assert 'href="/' not in response.content.decode()


def test_a_request_without_a_host_is_told_what_to_set_too(browser):
    response = browser.get("/login/", headers={"Host": ""})

    assert response.status_code == 400
    assert "does not know the name" not in texts(response)
    assert "PUBLIC_URL" in texts(response)


def test_pixels_answer_to_any_name():
    request = RequestFactory().get("/p/unknown", headers={"Host": "evil.example"})

    answer = collector_first(lambda _: pytest.fail("the site must not see it"))(request)

    assert answer.headers["Content-Type"] == "image/gif"


# Forms from elsewhere


@pytest.mark.parametrize(
    ("headers", "says", "says_not"),
    [
        (
            {"Origin": "https://hits.example.org", "Host": "localhost:8000"},
            [
                "from https://hits.example.org, but Footfall received it at http://localhost:8000",
                "set PUBLIC_URL to it",
            ],
            ["cookies"],
        ),
        ({"Origin": "https://localhost:8000", "Host": "localhost:8000"}, ["X-Forwarded-Proto", "TRUSTED_PROXIES"], []),
        (
            {"Origin": "http://evil.example", "Host": "localhost"},
            ["another site sent this form"],
            ["X-Forwarded-Proto"],
        ),
        ({"Origin": "null", "Host": "localhost"}, ["did not say which page sent this form"], ["cookies", "null"]),
        ({"Origin": '"><script>', "Host": "localhost"}, ['from "><script>, but'], []),
        ({"Origin": "https://" + "x" * 5000, "Host": "localhost"}, ["x" * 92 + "…"], ["x" * 93]),
        ({"Host": "localhost"}, ["Allow cookies"], ["PUBLIC_URL"]),
        ({"Origin": "http://localhost", "Host": "localhost"}, ["Allow cookies"], ["PUBLIC_URL"]),
    ],
)
def test_a_form_that_is_not_accepted_says_what_differs(browser, headers, says, says_not):
    browser.handler.enforce_csrf_checks = True

    response = browser.post("/login/", headers=headers)

    assert response.status_code == 403
    assert [text for text in says if text not in texts(response)] == []
    assert [text for text in says_not if text in texts(response)] == []
    assert "<script" not in response.content.decode()


def test_over_https_a_form_without_origin_or_referer_is_explained(browser):
    browser.handler.enforce_csrf_checks = True
    hidden = browser.post("/login/", secure=True, headers={"Host": "localhost"})
    other = browser.post("/login/", secure=True, headers={"Host": "localhost", "Referer": "https://evil.example/x"})
    broken = browser.post("/login/", secure=True, headers={"Host": "localhost", "Referer": "https://[::1"})

    assert "did not say which page sent this form" in texts(hidden)
    assert "from https://evil.example, but Footfall received it at https://localhost" in texts(other)
    assert "did not say which page sent this form" in texts(broken)


def test_a_site_whose_cookies_need_https_says_so_to_a_browser_on_http(browser, settings):
    settings.CSRF_COOKIE_SECURE, settings.PUBLIC_URL = True, "https://hits.example.org"
    browser.handler.enforce_csrf_checks = True

    response = browser.post("/login/", headers={"Host": "localhost", "Origin": "http://localhost"})

    assert "Open it at https://hits.example.org, then send the form again" in texts(response)


def test_a_long_or_damaged_request_is_told_to_send_less(browser):
    request = RequestFactory().get("/")
    assert "send less at once" in texts(errors.bad_request(request, ValueError()))


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("&".join(["a"] * 1_001), {}),
        ("", {f"a{number}": "" for number in range(1_001)}),
        ("", {"a": "x" * 1024**2}),
        ("", {"a": BytesIO(b"x")}),
    ],
    ids=["query", "fields", "size", "file"],
)
def test_a_form_with_too_much_in_it_or_a_file_is_refused(browser, query, form):
    """Before the view: the login would say that the name or the password is missing."""
    assert browser.post(f"/login/?{query}", form).status_code == 400
    assert browser.post("/login/", {"username": ""}).status_code == 200
