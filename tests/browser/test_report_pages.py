"""The pages with numbers in a real browser: what stands above the fold, menus, forced colours, and paper."""

import pytest

from tests.browser.pages import PAGES, Visitors, furnish

pytestmark = pytest.mark.browser

REPORTS = [page for page in PAGES if page.name in {"project", "article", "program", "share"}]
FOLD = 400
LAPTOP, PHONE = {"width": 1280, "height": 720}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def visitors(chromium, server) -> Visitors:
    server.manage("seed_demo", "--hits", "1000")
    return Visitors(chromium, server, furnish(server))


@pytest.fixture
def open_page(visitors):
    """Return a function that opens a page in a window of its own, by its name."""
    windows = []

    def opened(name: str, **options):
        [page] = [page for page in PAGES if page.name == name]
        window = visitors.window(page.who, **options)
        windows.append(window)
        tab = window.new_page()
        visitors.open(page, tab)
        return tab

    yield opened
    for window in windows:
        window.close()


@pytest.mark.parametrize("page", REPORTS, ids=str)
def test_the_first_figure_stands_above_the_fold(open_page, page):
    tab = open_page(page.name)
    for size in (LAPTOP, PHONE):
        tab.set_viewport_size(size)
        box = tab.locator(".figures .number").first.bounding_box()
        assert box["y"] + box["height"] <= FOLD, size


def test_a_menu_works_by_keyboard_and_closes(open_page):
    tab = open_page("project")
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


def test_without_scripts_menus_open_and_the_map_is_drawn(open_page):
    tab = open_page("project", java_script_enabled=False)
    dates = tab.locator(".menus .menu").first
    dates.locator("summary").click()
    assert dates.locator("input[name=start]").is_visible()
    outlines = tab.locator(".map use:not(.land)")
    assert outlines.count() > 3
    box = outlines.first.bounding_box()
    assert box["width"] > 1
    assert box["height"] > 1


def test_in_forced_colours_what_is_chosen_is_visible(open_page):
    """Grounds of text are removed where colours are forced. What is chosen has one, and text that contrasts with it."""
    tab = open_page("project", forced_colors="active")
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


def test_paper_has_no_controls_and_light_charts(open_page):
    tab = open_page("article", theme="dark")
    corner = "() => [...document.querySelector('[data-chart]').getContext('2d').getImageData(0, 0, 400, 200).data]"
    dark = tab.evaluate(corner)
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    assert tab.evaluate(corner) != dark
    controls = tab.locator(
        "button:not([role=tab]), select, input, .actions a, .tools a, .presets a, .choices a, .chips a, .funnel"
    )
    assert [control for control in controls.all() if control.is_visible()] == []
    assert tab.locator(".menus strong").is_visible()  # the days
    assert "Europe/Berlin" in tab.locator(".zone").inner_text()
    assert tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    tab.emulate_media(media="screen")
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.evaluate(corner) == dark
