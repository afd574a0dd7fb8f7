"""The snippets page in a real browser: what is copied, and what the waiting line says. See also test_first_visit.py."""

import json
import re
from urllib.parse import urljoin

import pytest

from collector.programs.weeks import week_of
from tests.browser.test_first_visit import published, reader_agent
from tests.endpoints import CHROME
from tests.programs import envelope, report, utc_today
from tests.server import PASSWORD, ROOT, Server, eventually

pytestmark = [pytest.mark.browser, pytest.mark.one_database]
TALL = "<div style='height: 20000px'></div>"


@pytest.fixture(scope="module")
def session(chromium, server) -> object:
    """Return the cookies of the administrator."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/login/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{server.url}/")
    cookies = context.storage_state()
    context.close()
    return cookies


@pytest.fixture
def author(chromium, session):
    """A browser in which the administrator is logged in, and which may use the clipboard."""
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"], storage_state=session)
    yield context.new_page()
    context.close()


def new_pixel_page(server: Server, title: str, *placements: str, project: str = "notes") -> str:
    """Create a pixel and return the address of its snippets."""
    options = [option for placement in placements for option in ("--placement", placement)]
    pixel = json.loads(server.manage("create_pixel", project, title, *options, "--json", "--skip-checks"))
    return f"{server.url}/projects/{project}/{pixel['id']}/snippets/"


def copy(page, form: str, placement: str) -> str:
    """Press the button beside a snippet and return the text on the clipboard."""
    code = page.locator(f"[data-snippet={form}][data-placement={placement}]")
    button = code.locator("xpath=following-sibling::button")
    button.click()
    page.wait_for_function("(button) => button.textContent === 'Copied'", arg=button.element_handle())
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == code.text_content()
    return text


def test_waiting_pages_become_the_dashboard_and_the_line_stays_in_view(server, author):
    snippets_page = new_pixel_page(server, "Awaited", "medium", "github", "website", project="awaited")
    author.goto(snippets_page)
    url = copy_url(author, "medium")
    waiting = [author.context.new_page() for _ in range(2)]
    views: list[str] = []
    for tab, path in zip(waiting, ["../../", "../"], strict=True):
        tab.goto(urljoin(snippets_page, path))
        tab.on("framenavigated", lambda frame: views.append(frame.url))
        assert tab.locator(".first-visit-words").inner_text() == "Waiting for the first visit…"

    author.evaluate("scrollTo(0, document.body.scrollHeight)")
    author.request.get(url, headers={"User-Agent": CHROME})

    author.get_by_role("link", name="Open the dashboard").wait_for(timeout=30_000)
    assert author.locator(".first-visit").bounding_box()["y"] == 0
    for tab in waiting:
        tab.wait_for_selector("[data-figure=visits][data-value='1']", timeout=30_000)
        tab.wait_for_load_state("networkidle")
        assert tab.locator(".first-visit").count() == 0
        tab.close()
    assert len(views) == len(waiting)
    author.get_by_role("link", name="Open the dashboard").click()
    assert author.url == urljoin(snippets_page, "../")


def test_a_programs_page_waits_for_its_first_report_and_then_shows_its_numbers(server, author):
    declared = server.manage("declare", "notes", str(ROOT / "collector/programs/example.toml"), "--skip-checks")
    token = re.search(r"token +(\w+)", declared)[1]
    author.goto(f"{server.url}/projects/notes/")
    author.get_by_role("link", name="Paperclip").click()
    assert author.locator(".first-visit-words").inner_text() == "Waiting for the first report…"
    assert [one.inner_text() for one in author.locator("ol.steps h2").all()] == [
        "Declare what it may report", "Put the client into the program", "See the first report arrive"
    ]  # fmt: skip

    first = report(utc_today(), gap=None, since=week_of(utc_today()))
    answer = author.request.post(f"{server.url}/e/{token}", data=json.loads(envelope(first)))
    assert answer.json()["accepted"] == 1

    author.wait_for_selector("[data-figure=new][data-value='1']", timeout=30_000)
    assert author.locator("canvas").count() > 0


def test_a_filtered_out_hit_is_explained_while_the_page_waits(server, author):
    author.goto(new_pixel_page(server, "Preview", "medium"))
    url = copy_url(author, "medium")
    author.request.get(url, headers={"User-Agent": "Twitterbot/1.0"})
    note = author.locator(".first-visit-notes li")
    note.wait_for(timeout=30_000)
    assert "it came from a bot, such as a link preview" in note.inner_text()
    assert author.locator(".first-visit").get_attribute("data-state") == "waiting"


def copy_url(page, placement: str) -> str:
    page.locator(f"#platform-{placement} summary").click()
    return copy(page, "url", placement)


def test_the_end_image_is_loaded_only_when_the_reader_comes_near(server, author, chromium):
    author.goto(new_pixel_page(server, "Long", "website"))
    start, end = copy(author, "html", "website"), copy(author, "end-html", "website")

    with published(f"{start}{TALL}{end}") as address:
        article = chromium.new_context(user_agent=reader_agent(chromium)).new_page()
        requested: list[str] = []
        article.on("request", lambda request: requested.append(request.url) if "/p/" in request.url else None)
        article.goto(address, wait_until="networkidle")
        assert [url.rsplit("/", 1)[1] for url in requested] == ["website.gif"]
        with article.expect_response(re.compile(r"/end\.gif$")) as image:
            article.evaluate("scrollTo(0, document.body.scrollHeight)")
        assert image.value.headers["x-telemetry"] == "counted"

    eventually(lambda: len(hits_of(server, "Long")) == 2, 60)
    hits = hits_of(server, "Long")
    assert sorted((hit["position"], hit["platform"]) for hit in hits) == [("end", "website"), ("start", "website")]


def hits_of(server: Server, title: str) -> list[dict]:
    """Return the stored hits of the article with this title."""
    return [hit for hit in server.hits("notes") if hit["pixel"] == title]


def test_a_platform_is_chosen_and_added_by_keyboard(server, author):
    address = new_pixel_page(server, "Keys", "medium")
    author.goto(address)
    search = author.get_by_label("Find a platform")
    search.focus()
    author.keyboard.type("towardsaws.com")  # a publication on Medium
    assert [row.inner_text() for row in author.locator("[data-found] [data-name]").all()] == ["Medium"]
    author.keyboard.press("Escape")
    assert author.get_by_role("group", name="Most used").is_visible()
    author.keyboard.type("gitlab")
    author.keyboard.press("ArrowDown")
    author.keyboard.press("Space")
    search.fill("Team Wiki")
    search.press("Enter")
    assert chosen(author) == ["Medium", "GitLab", "team-wiki"]
    author.get_by_role("button", name="Remove GitLab").press("Enter")
    author.wait_for_url(re.compile("platform=medium&platform=team-wiki"))
    add = author.get_by_role("button", name="Add team-wiki to this pixel")
    assert author.locator("[data-snippet=html][data-placement=medium]").count() == 1
    add.focus()
    author.keyboard.press("Enter")
    author.wait_for_load_state()
    author.wait_for_selector("#platform-team-wiki .offer", state="detached")
    author.goto(address)
    assert author.locator("#platform-team-wiki").count() == 1


def test_a_badge_is_picked_with_a_preview_and_made_public(server, author):
    author.goto(new_pixel_page(server, "Counted in public", "github"))
    author.locator(".badge-picker > summary").click()
    author.select_option("[name=style]", "for-the-badge")
    author.locator("#badge img[src*=for-the-badge]").first.wait_for()
    author.fill("[name=label]", "Readers")
    author.press("[name=label]", "Tab")
    preview = author.locator("#badge img[src*=Readers]").first
    preview.wait_for()
    author.wait_for_function("(image) => image.naturalHeight === 28", arg=preview.element_handle())
    assert "style=for-the-badge&label=Readers" in author.locator("[data-snippet=badge-markdown]").text_content()
    assert author.locator("#badge button[data-copy]").first.is_visible()

    author.get_by_role("button", name="Make it public").click()
    author.get_by_role("button", name="Make it private").wait_for()
    assert author.locator("[name=style]").input_value() == "for-the-badge"
    assert hits_of(server, "Counted in public") == []


def test_on_a_phone_the_snippets_come_before_the_picker_is_unfolded(server, author):
    author.set_viewport_size({"width": 360, "height": 640})
    author.goto(new_pixel_page(server, "On a phone", "medium"))
    search = author.get_by_role("searchbox", name="Find a platform")
    assert author.locator("#platform-medium").bounding_box()["y"] < 640
    assert not search.is_visible()
    author.get_by_text("Where do you publish?").click()
    author.get_by_label("GitHub", exact=False).first.check()
    author.locator("#platform-github").wait_for()
    assert search.is_visible()


def test_the_kind_of_a_new_pixel_picks_platforms_until_its_author_picks_one(server, author):
    new_pixel_page(server, "First", "medium")
    author.goto(f"{server.url}/admin/collector/pixel/add/")
    assert chosen(author) == []
    author.select_option("[name=kind]", "readme")
    assert chosen(author) == ["GitHub"]
    author.select_option("[name=kind]", "newsletter")
    assert chosen(author) == ["Newsletter"]
    author.get_by_label("Medium", exact=True).check()
    author.select_option("[name=kind]", "article")
    assert chosen(author) == ["Newsletter", "Medium"]
    sees = author.locator(".platform-option:has(:checked)", has_text="Medium")
    assert sees.get_by_text("link to it from Medium").is_visible()


def chosen(page) -> list[str]:
    """Return the names on the chips of the platform picker."""
    return [chip.evaluate("chip => chip.firstChild.data") for chip in page.locator("[data-chips] li").all()]


def test_without_scripts_platforms_are_chosen_and_snippets_shown(server, author, chromium):
    address = new_pixel_page(server, "Plain", "medium")
    author.request.get(server.url)
    plain = chromium.new_context(java_script_enabled=False, storage_state=author.context.storage_state())
    page = plain.new_page()
    page.goto(address)
    page.get_by_text("Code and packages").click()
    page.get_by_label("GitHub", exact=True).check()
    page.get_by_role("button", name="Show snippets").click()
    assert page.locator("[data-snippet=markdown][data-placement=github]").is_visible()
    assert page.locator("[data-snippet=html][data-placement=medium]").is_visible()
    assert not page.locator("[data-copy]").first.is_visible()
    assert page.get_by_text("Open the page you published, then reload this one.").is_visible()
    page.locator(".badge-picker > summary").click()
    page.select_option("[name=style]", "plastic")
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.locator("[data-snippet=badge-markdown]").text_content().endswith("&style=plastic)")
    plain.close()
