"""The way that the whole project is about, clicked through: a pixel is made, pasted, read, and seen."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.endpoints import CHROME
from tests.server import PASSWORD, eventually

pytestmark = pytest.mark.browser
ZONE = ZoneInfo("Asia/Kathmandu")  # 5:45 ahead: an hour counted in another zone would show


@pytest.fixture(scope="module")
def author_name(server) -> str:
    """Return the name of a new user who may log in to the admin and has no project."""
    server.manage(
        "shell", "-v0", "-c",
        "from django.contrib.auth.models import User;"
        f"User.objects.create_user('lea', password='{PASSWORD}', is_staff=True)",
    )  # fmt: skip
    return "lea"


@contextmanager
def published(snippet: str) -> Iterator[str]:
    """Serve an article with a snippet in it from another origin, and yield its address."""

    class Article(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<!doctype html><title>Hello</title><p>An article.</p>{snippet}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Article) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield f"http://localhost:{site.server_port}/hello"
        site.shutdown()
        thread.join()


@pytest.mark.alone
def test_a_reader_of_a_pasted_snippet_is_on_the_dashboard_within_three_seconds(server, author_name, chromium):
    author = chromium.new_context()
    page = author.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(server.url) else complaints.append(request.url))

    page.goto(f"{server.url}/admin/")
    page.fill("[name=username]", author_name)
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.goto(f"{server.url}/admin/collector/project/add/")
    page.fill("[name=name]", "My blog")
    page.fill("[name=timezone]", ZONE.key)
    page.click("[name=_save]")
    page.goto(f"{server.url}/admin/collector/pixel/add/")
    page.fill("[name=title]", "Hello, readers")
    page.select_option("[name=project]", label="My blog")
    page.get_by_label("Medium", exact=True).check()
    page.click("[name=_save]")
    snippet = page.locator("[data-snippet=html][data-placement=medium]").text_content()

    with published(snippet) as address:
        reader = chromium.new_context(user_agent=reader_agent(chromium))
        article = reader.new_page()
        with article.expect_response(lambda response: "/p/" in response.url) as pixel:
            article.goto(address)
        assert pixel.value.headers["x-telemetry"] == "counted"
        assert "set-cookie" not in pixel.value.headers
        read_at = datetime.now(ZONE)
        assert article.evaluate("document.querySelector('img').naturalWidth") == 1

    deadline = time.monotonic() + 3
    while True:
        page.goto(f"{server.url}/projects/my-blog/?range=today")
        if page.locator("[data-panel=platforms] tbody tr").count() or time.monotonic() > deadline:
            break
    assert rows(page, "platforms")["Medium"] == "1"
    assert rows(page, "hours", cell=read_at.hour)[f"{read_at:%a}"] == "1"
    assert rows(page, "devices")["Desktop"] == "1"
    assert rows(page, "articles")["Hello, readers"] == "1"
    assert page.locator("[data-figure=visits]").first.get_attribute("data-value") == "1"
    page.wait_for_load_state("networkidle")
    assert complaints == []


def reader_agent(chromium) -> str:
    """Return the user agent of the same Chromium with a window."""
    page = chromium.new_page()
    agent = page.evaluate("navigator.userAgent")
    page.close()
    return agent.replace("Headless", "")


def rows(page, panel: str, cell: int = 0) -> dict[str, str]:
    """Return a figure of each row of a panel, the first unless told, by the row's label without what follows it.

    Text, not what is seen: a panel may lie behind a tab, and the hours are shaded cells.
    """
    page.locator(".detail, .open, .trail").evaluate_all("parts => parts.forEach(part => part.remove())")
    found = page.locator(f"[data-panel={panel}] tbody tr")
    return {
        found.nth(number).locator("th").text_content().strip(): found.nth(number).locator("td").nth(cell).text_content()
        for number in range(found.count())
    }


def test_strangers_see_no_project_and_readers_without_scripts_see_every_number(server, author_name, chromium):
    server.manage("create_pixel", "secret", "Plans")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/projects/secret/")
    assert "/login/" in page.url
    page.fill("[name=username]", author_name)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)
    assert "Plans" not in page.content()
    assert page.goto(f"{server.url}/projects/secret/").status == 404

    made = json.loads(server.manage("create_pixel", "mine", "Letters", "--owner", author_name, "--json"))
    page.request.get(f"{server.url}/p/{made['token']}/medium.gif", headers={"User-Agent": CHROME})
    eventually(lambda: server.hits("mine"), 30)
    assert page.goto(f"{server.url}/projects/mine/").status == 200
    assert page.locator("[data-figure=visits]").first.is_visible()
    assert rows(page, "platforms")["Medium"] == "1"
    assert rows(page, "trend")
