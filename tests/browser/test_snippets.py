"""The page of snippets in a real browser: what is copied is what is counted, and the waiting line changes by itself."""

import json
import re

import pytest

from tests.browser.test_first_visit import published, reader_agent
from tests.server import PASSWORD, Server, eventually

pytestmark = pytest.mark.browser
TALL = "<div style='height: 20000px'></div>"


@pytest.fixture
def author(chromium, server):
    """A browser in which the administrator is logged in, that may read and write the clipboard."""
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{server.url}/login/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{server.url}/")
    yield page
    context.close()


def made(server: Server, title: str, *placements: str) -> str:
    """Make a pixel and return the address of its snippets."""
    options = [option for placement in placements for option in ("--placement", placement)]
    pixel = json.loads(server.manage("create_pixel", "notes", title, *options, "--json"))
    return f"{server.url}/projects/notes/{pixel['id']}/snippets/"


def copied(page, form: str, placement: str) -> str:
    """Press the button beside a snippet and return what the clipboard holds then."""
    code = page.locator(f"[data-snippet={form}][data-placement={placement}]")
    button = code.locator("xpath=following-sibling::button")
    button.click()
    page.wait_for_function("(button) => button.textContent === 'Copied'", arg=button.element_handle())
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == code.text_content()
    return text


def test_the_waiting_line_turns_into_the_first_visit_by_itself(server, author, chromium):
    author.goto(made(server, "Hello", "website"))
    line = author.locator(".arrival")
    assert line.locator(".arrival-words").inner_text() == "Waiting for the first visit…"
    snippet = copied(author, "html", "website")

    with published(snippet) as address:
        article = chromium.new_context(user_agent=reader_agent(chromium)).new_page()
        with article.expect_response(re.compile("/p/")) as image:
            article.goto(address)
        assert image.value.headers["x-telemetry"] == "counted"

    author.wait_for_selector(".arrival[data-state=seen]", timeout=30_000)
    words = line.locator(".arrival-words").inner_text()
    assert re.fullmatch(r"First visit seen (just now|\d+ seconds? ago), at [\d:]{8} \(UTC\), from localhost\.", words)


def test_what_was_set_aside_is_told_while_it_waits(server, author):
    author.goto(made(server, "Preview", "medium"))
    url = copied_url(author, "medium")
    author.request.get(url, headers={"User-Agent": "Twitterbot/1.0"})
    note = author.locator(".arrival-notes li")
    note.wait_for(timeout=30_000)
    assert "request by a program, such as a link preview, was set aside" in note.inner_text()
    assert author.locator(".arrival").get_attribute("data-state") == "waiting"


def copied_url(page, placement: str) -> str:
    page.locator(f"#place-{placement} summary").click()
    return copied(page, "url", placement)


def test_the_end_is_loaded_as_its_reader_comes_near_and_not_before(server, author, chromium):
    author.goto(made(server, "Long", "website"))
    start, end = copied(author, "html", "website"), copied(author, "end-html", "website")

    with published(f"{start}{TALL}{end}") as address:
        article = chromium.new_context(user_agent=reader_agent(chromium)).new_page()
        asked: list[str] = []
        article.on("request", lambda request: asked.append(request.url) if "/p/" in request.url else None)
        article.goto(address, wait_until="networkidle")
        assert [url.rsplit("/", 1)[1] for url in asked] == ["website.gif"]
        with article.expect_response(re.compile(r"/end\.gif$")) as image:
            article.evaluate("scrollTo(0, document.body.scrollHeight)")
        assert image.value.headers["x-telemetry"] == "counted"

    hits = eventually(lambda: len(found := of(server, "Long")) == 2 and found, 30)
    assert sorted((hit["position"], hit["platform"]) for hit in hits) == [("end", "website"), ("start", "website")]


def of(server: Server, title: str) -> list[dict]:
    return [hit for hit in server.hits("notes") if hit["pixel"] == title]


def test_a_place_is_chosen_and_added_by_keyboard(server, author):
    address = made(server, "Keys", "medium")
    author.goto(address)
    author.get_by_label("Another place, by a name of your own").focus()
    author.keyboard.type("team-wiki")
    author.keyboard.press("Enter")
    author.wait_for_url(re.compile("own=team-wiki"))
    add = author.get_by_role("button", name="Add team-wiki to this pixel")
    assert author.locator("[data-snippet=html][data-placement=medium]").count() == 1
    add.focus()
    author.keyboard.press("Enter")
    author.wait_for_load_state()
    author.wait_for_selector("#place-team-wiki .offer", state="detached")
    author.goto(address)
    assert author.locator("#place-team-wiki").count() == 1


def test_without_scripts_places_are_chosen_and_snippets_shown(server, author, chromium):
    address = made(server, "Plain", "medium")
    author.request.get(author.url)
    plain = chromium.new_context(java_script_enabled=False, storage_state=author.context.storage_state())
    page = plain.new_page()
    page.goto(address)
    page.get_by_text("Code and packages").click()
    page.get_by_label("GitHub", exact=True).check()
    page.get_by_role("button", name="Show snippets").click()
    assert page.locator("[data-snippet=markdown][data-placement=github]").is_visible()
    assert page.locator("[data-snippet=html][data-placement=medium]").is_visible()
    assert not page.locator("[data-copy]").first.is_visible()
    assert page.get_by_text("Open what you published, then reload this page.").is_visible()
    plain.close()
