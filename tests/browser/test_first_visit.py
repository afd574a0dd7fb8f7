"""The first five minutes in a real browser: create a project, paste the snippet, read the article, see the visit."""

import http.server
import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.effort import watch
from tests.endpoints import CHROME
from tests.server import PASSWORD, Server, eventually

pytestmark = pytest.mark.browser
ZONE = ZoneInfo("Asia/Kathmandu")  # 5:45 ahead of UTC, so that an hour counted in another zone shows


@pytest.fixture
def author_name(server) -> str:
    """Return the name of a new user who may create projects and has none."""
    name = f"lea-{secrets.token_hex(4)}"
    server.manage(
        "shell", "-v0", "-c",
        "from django.contrib.auth.models import User;"
        f"User.objects.create_user('{name}', password='{PASSWORD}', is_staff=True)",
    )  # fmt: skip
    return name


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
        yield f"http://blog.example:{site.server_port}/hello"
        site.shutdown()
        thread.join()


@pytest.mark.alone
def test_five_clicks_and_four_fields_lead_from_the_login_to_a_snippet_that_counts_at_once(
    server, author_name, chromium
):
    window = chromium.new_context(timezone_id=ZONE.key, permissions=["clipboard-read", "clipboard-write"])
    page = window.new_page()
    complaints = complaints_of(page, server)
    effort = watch(window)
    log_in(page, server, author_name)
    effort.clicks.clear()
    effort.fields.clear()

    snippet = make_snippet(page)

    assert [clicked.split()[0] for clicked in effort.clicks] == ["Title", "Medium", "Create", "Copy"]  # at most 5
    assert len(effort.fields) <= 4, effort.fields
    assert {"Name", "Title", "Where you publish it"} <= effort.fields
    with published(snippet) as address:
        read_at = read_article(chromium, address)
    page.wait_for_selector(".first-visit[data-state=seen]", timeout=3000)
    words = page.locator(".first-visit-words").inner_text()
    assert re.fullmatch(
        r"First visit seen (just now|\d+ seconds? ago), at [\d:]{8} \(Asia/Kathmandu\), from blog\.example\.", words
    )
    page.locator(".first-visit-link").click()
    assert page.locator("[data-figure=visits]").first.get_attribute("data-value") == "1"
    opened = page.goto(f"{server.url}/projects/my-blog/?range=today")
    assert opened is not None
    assert opened.status == 200
    assert rows(page, "platforms") == {"Medium": "1"}
    assert rows(page, "hours", cell=read_at.hour)[f"{read_at:%a}"] == "1"
    assert rows(page, "devices")["Desktop"] == "1"
    assert rows(page, "articles")["Hello, readers"] == "1"
    assert page.locator("[data-figure=visits]").first.get_attribute("data-value") == "1"
    page.wait_for_load_state("networkidle")
    assert complaints == []
    window.close()


def complaints_of(page, server: Server) -> list[str]:
    """Return a list that grows with each warning, error and request of another host."""
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(server.url) else complaints.append(request.url))
    return complaints


def log_in(page, server: Server, name: str) -> None:
    page.goto(server.url)
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(f"{server.url}/")


def make_snippet(page) -> str:
    """Fill in the form of a first project with mouse and keyboard, copy the snippet for Medium, and return it."""
    name = page.get_by_label("Name", exact=True)
    expect(name).to_be_focused()  # which a busy machine gives it after the page has loaded
    page.keyboard.type("My blog")
    expect(name).to_have_value("My blog")
    page.get_by_label("Title").click()
    page.keyboard.type("Hello, readers")
    page.locator(".platform-option label").filter(has_text="Medium").first.click()
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/snippets/")
    page.locator("#platform-medium [data-copy]").first.click()
    page.wait_for_selector("[data-copy-status]:not(:empty)", state="attached")
    return page.evaluate("navigator.clipboard.readText()")


def read_article(chromium, address: str) -> datetime:
    """Open the article as a reader does, and return when its pixel was counted."""
    reader = chromium.new_context(user_agent=reader_agent(chromium))
    article = reader.new_page()
    with article.expect_response(lambda response: "/p/" in response.url) as pixel:
        article.goto(address)
    assert pixel.value.headers["x-telemetry"] == "counted"
    assert "set-cookie" not in pixel.value.headers
    read_at = datetime.now(ZONE)
    assert article.evaluate("document.querySelector('img').naturalWidth") == 1
    return read_at


def reader_agent(chromium) -> str:
    """Return the user agent of the same Chromium when it is not headless."""
    page = chromium.new_page()
    agent = page.evaluate("navigator.userAgent")
    page.close()
    return agent.replace("Headless", "")


def rows(page, panel: str, cell: int = 0) -> dict[str, str]:
    """Return one cell of each row of a panel (by default the first), by the row's label without its details.

    This reads text that may be invisible: a panel may be behind a tab, and the hours are shaded cells.
    """
    details = page.locator(".detail, .funnel, .trail, .split, .ranked th .visually-hidden")
    details.evaluate_all("parts => parts.forEach(part => part.remove())")
    panel_rows = page.locator(f"[data-panel={panel}] tbody tr")
    return {
        row.locator("th").text_content().strip(): row.locator("td").nth(cell).text_content() for row in panel_rows.all()
    }


@pytest.mark.one_database
def test_strangers_see_no_project_and_members_without_scripts_see_every_number(server, author_name, chromium):
    server.manage("create_pixel", "secret", "Plans", "--skip-checks")
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

    pixel = json.loads(
        server.manage("create_pixel", "mine", "Letters", "--owner", author_name, "--json", "--skip-checks")
    )
    page.request.get(f"{server.url}/p/{pixel['token']}/medium.gif", headers={"User-Agent": CHROME})
    eventually(lambda: server.hits("mine"), 60)
    assert page.goto(f"{server.url}/projects/mine/").status == 200
    assert page.locator("[data-figure=visits]").first.is_visible()
    assert rows(page, "platforms") == {"Medium": "1"}
    assert rows(page, "trend")
