"""A page with numbers in a real browser: menus, forced colours, and paper."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page as Tab

from tests.browser.pages import PAGES, Visitors, wear

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

[PROJECT] = [page for page in PAGES if page.name == "project"]


@pytest.fixture(scope="module")
def visitors(chromium, server, demo) -> Visitors:
    return Visitors(chromium, server, demo)


def opened(visitors: Visitors, **options: object) -> Iterator[Tab]:
    window = visitors.window(PROJECT.who, **options)
    tab = window.new_page()
    visitors.open(PROJECT, tab)
    yield tab
    window.close()


@pytest.fixture(scope="module")
def tab(visitors) -> Iterator[Tab]:
    """Open the page once for all tests."""
    yield from opened(visitors)


@pytest.fixture
def tab_without_scripts(visitors) -> Iterator[Tab]:
    yield from opened(visitors, java_script_enabled=False)


def test_a_menu_works_by_keyboard_and_closes(tab):
    menus = tab.locator("details.menu")
    export = tab.locator(".actions .menu")
    export.locator("summary").focus()
    tab.keyboard.press("Enter")
    assert export.locator("a").first.is_visible()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Escape")
    assert not export.locator("a").first.is_visible()
    assert export.locator("summary").evaluate("(summary) => summary === document.activeElement")
    tab.keyboard.press("Enter")
    tab.mouse.click(5, 5)
    assert menus.evaluate_all("menus => menus.filter(menu => menu.open).length") == 0
    tab.locator(".menus .menu").last.locator("summary").click()
    tab.locator(".menus .menu").first.locator("summary").click()
    assert menus.evaluate_all("menus => menus.filter(menu => menu.open).length") == 1


def test_without_scripts_menus_open_and_the_map_is_drawn(tab_without_scripts):
    tab = tab_without_scripts
    dates = tab.locator(".menus .menu").first
    dates.locator("summary").click()
    assert dates.locator("input[name=start]").is_visible()
    outlines = tab.locator(".map use:not(.land)")
    assert outlines.count() > 3
    box = outlines.first.bounding_box()
    assert box["width"] > 1
    assert box["height"] > 1


def test_in_forced_colours_what_is_chosen_is_visible(tab):
    """Grounds of text are removed where colours are forced. What is chosen has one, and text that contrasts with it."""
    tab.emulate_media(forced_colors="active")
    chosen = tab.locator(".presets a[aria-current], .choices a[aria-current], [role=tab][aria-selected=true]")
    looks = chosen.evaluate_all(
        "elements => elements.map(element => { const { backgroundColor, color } = getComputedStyle(element);"
        " return [backgroundColor, color]; })"
    )
    paper, ink = tab.evaluate(
        "() => { const { backgroundColor, color } = getComputedStyle(document.documentElement);"
        " return [backgroundColor, color]; }"
    )
    assert len(looks) >= 4
    assert {tuple(look) for look in looks} == {(ink, paper)}
    hours = tab.locator("[data-panel=hours] tbody td:not(:last-child)")
    grounds = hours.evaluate_all("cells => cells.map(cell => getComputedStyle(cell).backgroundColor)")
    assert len(set(grounds)) > 3
    assert all(box > 3 for box in hours.locator("span").evaluate_all("all => all.map(one => one.offsetWidth)"))
    tab.emulate_media(forced_colors="none")


CUT = """() => [...document.querySelectorAll(".panel, .figures, tr")].filter((part) => part.checkVisibility()
    && !part.querySelector("tr:nth-child(30)") && getComputedStyle(part).breakInside !== "avoid")
    .map((part) => part.outerHTML.slice(0, 120))"""


def test_paper_has_no_controls_light_charts_and_whole_panels(tab):
    wear(tab, "dark")
    tab.locator("details").evaluate_all(
        "all => all.forEach(one => { one.open = true; })"
    )  # paper has what is open, too
    painted = "() => document.querySelector('[data-chart]').toDataURL()"
    dark = tab.evaluate(painted)
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    assert tab.evaluate(painted) != dark
    controls = tab.locator(
        "button:not([role=tab]), select, input, .actions a, .tools a, .presets a, .choices a, .chips a, .funnel"
    )
    assert controls.evaluate_all("all => all.filter(one => one.checkVisibility()).map(one => one.outerHTML)") == []
    assert tab.evaluate(CUT) == []
    assert tab.locator(".menus strong").is_visible()  # the days
    assert "Europe/Berlin" in tab.locator(".zone").inner_text()
    assert tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    tab.emulate_media(media="screen")
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate(painted) == dark
