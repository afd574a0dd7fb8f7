"""Every page in a real browser: no errors, no other host, accessible, fits a phone, works by keyboard, is small.

The server has DEMO_HITS hits, 3,000 by default. A million takes some minutes.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab

from tests.browser.pages import HEIGHT, NARROW, PAGES, THEMES, WIDE, Page, Visitors, wear
from tests.browser.targets import SMALL_TARGETS
from tests.server import eventually

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

COLD_PAGE_BYTES = 110_000
PHONE, LAPTOP = {"width": NARROW, "height": 740}, {"width": WIDE, "height": 720}
FOLD = 400  # pixels from the top: the first figure is above them
REPORTS = {"project", "article", "program", "share"}
ZOOMED = WIDE // 4
HEAVIEST = {"chart.min", "countries"}  # Chart.js, and the outline of the world
# Both themes have the same elements. Only these rules of axe depend on the theme.
ABOUT_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
CHARTED = [page for page in PAGES if page.name in {"project", "project-today", "project-year", "article", "share"}]


@dataclass(frozen=True, slots=True)
class Visit:
    """An open page. `complaints` has the errors of the browser, and its requests of other hosts."""

    page: Page
    tab: Tab
    complaints: list[str] = field(default_factory=list)

    def listen(self, host: str) -> None:
        window, say = self.tab.context, self.complaints.append
        window.add_init_script(
            "addEventListener('securitypolicyviolation', (event) => console.error(`${event.violatedDirective}: "
            "${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`))"
        )
        window.on("console", lambda line: say(line.text) if line.type in {"error", "warning"} else None)
        window.on("weberror", lambda error: say(str(error.error)))
        window.on("request", lambda request: None if is_ours(request.url, host) else say(request.url))
        window.on("requestfailed", lambda request: say(f"{request.url}: {request.failure}"))


def is_ours(url: str, host: str) -> bool:
    return url.startswith((f"{host}/", "data:", f"blob:{host}/"))


@pytest.fixture(scope="module")
def visitors(chromium, server, demo) -> Visitors:
    return Visitors(chromium, server, demo)


@pytest.fixture(scope="module", params=PAGES, ids=str)
def visit(visitors, request) -> Iterator[Visit]:
    """Open a page once for all its tests: pytest runs them one after the other."""
    window = visitors.window(request.param.who)
    visit = Visit(request.param, window.new_page())
    visit.listen(visitors.server.url)
    visitors.open(visit.page, visit.tab)
    yield visit
    window.close()


WATCH_FOCUS = """() => {
    const shows = (style) => (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
        || style.boxShadow !== "none";
    const isSeen = (element) => {
        const box = element.getBoundingClientRect();
        return shows(getComputedStyle(element)) && box.width > 1 && box.height > 1;
    };
    window.controls = [...document.querySelectorAll(
        "a[href], button, input, select, textarea, summary, iframe, [tabindex]:not([tabindex='-1'])")]
        .filter((element) => !element.disabled && element.type !== "hidden" && element.tabIndex >= 0
            && element.checkVisibility({ visibilityProperty: true })
            && !(element.type === "radio" && !element.checked
                && document.querySelector(`input[type=radio][name="${CSS.escape(element.name)}"]`) !== element));
    window.focused = new Map();
    document.addEventListener("focusin", ({ target }) => {
        let element = target;
        while (element && !isSeen(element)) element = element.parentElement;
        window.focused.set(target, Boolean(element));
    });
    return window.controls.map((element) => ({ "date": 5, "datetime-local": 8, "time": 4 }[element.type] ?? 1))
        .reduce((sum, stops) => sum + stops, 0);
}"""


def test_the_keyboard_reaches_every_control_and_shows_the_focus(visit):
    for _ in range(visit.tab.evaluate(WATCH_FOCUS) + 1):
        visit.tab.keyboard.press("Tab")
    missed, unseen = visit.tab.evaluate(
        """() => [
            controls.filter((element) => !focused.has(element)),
            [...focused].filter(([, isSeen]) => !isSeen).map(([element]) => element),
        ].map((elements) => elements.map((element) => element.outerHTML.slice(0, 160)))"""
    )
    assert missed == []
    assert unseen == []


@pytest.mark.parametrize(
    ("width", "text_pixels"), [(ZOOMED, 16), (WIDE, 32)], ids=["400 % zoom, or a small phone", "200 % text"]
)
def test_nothing_scrolls_sideways(visit, width, text_pixels):
    visit.tab.set_viewport_size({"width": width, "height": HEIGHT})
    session = visit.tab.context.new_cdp_session(visit.tab)
    session.send("Page.enable")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": text_pixels}})
    with suppress(AssertionError):  # charts take a moment to follow
        eventually(lambda: visit.tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), 15)
    scrolled, shown, wide = visit.tab.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            const isWide = (element) => element.getBoundingClientRect().right > width;
            const wide = [...document.querySelectorAll("body *")].filter(isWide).slice(-3);
            return [document.documentElement.scrollWidth, width, wide.map(({ outerHTML }) => outerHTML.slice(0, 120))];
        }"""
    )
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 16}})
    visit.tab.set_viewport_size({"width": WIDE, "height": HEIGHT})
    assert scrolled <= shown, wide


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_no_target_is_too_small_and_the_first_figure_is_above_the_fold(visit, size):
    visit.tab.set_viewport_size(size)
    small = visit.tab.evaluate(SMALL_TARGETS)
    figures = visit.tab.locator(".figures .number")
    box = figures.first.bounding_box() if visit.page.name in REPORTS else None
    visit.tab.set_viewport_size({"width": WIDE, "height": HEIGHT})
    assert small == []
    assert visit.page.name not in REPORTS or box["y"] + box["height"] <= FOLD


def test_every_table_has_a_name(visit):
    nameless = visit.tab.evaluate(
        """() => [...document.querySelectorAll("main table")].filter((table) => !table.caption
            && !table.closest(".module, .results") // the lists of Django's admin
            && !table.ariaLabel && !document.getElementById(table.getAttribute("aria-labelledby"))?.textContent.trim())
            .map((table) => table.outerHTML.slice(0, 120))"""
    )
    assert nameless == []


def test_a_page_causes_no_errors_and_requests_no_other_host(visit):
    """This runs after the tests of keys and width, and before axe, which causes errors itself."""
    for theme in reversed(THEMES):
        wear(visit.tab, theme)
    of_itself = f"the server responded with a status of {visit.page.status} "
    expected = [line for line in visit.complaints if of_itself in line][:1]
    assert visit.complaints == expected


def test_axe_finds_no_violation_in_either_theme(visit):
    results = Axe().run(visit.tab)
    assert results.violations_count == 0, results.generate_report()
    wear(visit.tab, "dark")
    results = Axe().run(visit.tab, options=ABOUT_COLOURS)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("page", CHARTED, ids=str)
def test_without_scripts_every_number_of_a_chart_is_in_a_table(visitors, page):
    window = visitors.window(page.who, java_script_enabled=False)
    tab = window.new_page()
    visitors.open(page, tab)
    charts = tab.locator("section:has(canvas[data-chart])").all()
    assert charts
    for chart in charts:
        painted = json.loads(chart.locator("script[type='application/json']").text_content())
        assert chart.locator("table").is_visible()
        rows = chart.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].slice(1).map(cell => cell.title || cell.innerText))"
        )
        read = [{int(re.sub(r"[^0-9]", "", cell) or -1) for cell in row} for row in rows]
        lines = [*painted["series"], *filter(None, [painted.get("earlier")])]
        marks_of_points = painted.get("marks", [[]] * len(painted["labels"]))
        points = zip(*[line["values"] for line in lines], marks_of_points, strict=True)
        # A time of which nothing is known has no row; nothing is in a cell of which nothing is known.
        known = [values for *values, marks in points if values != [None] * len(lines) or marks]
        for values, numbers in zip(known, read, strict=True):
            assert {-1 if value is None else value for value in values} <= numbers
    window.close()


def test_a_project_page_is_small_with_an_empty_cache(visitors):
    page = next(page for page in PAGES if page.name == "project")
    window = visitors.window(page.who)
    tab = window.new_page()
    sizes: dict[str, int] = {}
    urls: dict[str, str] = {}
    network = window.new_cdp_session(tab)
    network.send("Network.enable")
    network.on("Network.requestWillBeSent", lambda event: urls.update({event["requestId"]: event["request"]["url"]}))
    network.on(
        "Network.loadingFinished",
        lambda event: sizes.update({urls.get(event["requestId"], "?"): event["encodedDataLength"]}),
    )
    visitors.open(page, tab)
    tab.wait_for_load_state("networkidle")
    window.close()
    assert {name for url in sizes for name in HEAVIEST if f"/{name}." in url} == HEAVIEST
    assert sum(sizes.values()) < COLD_PAGE_BYTES, sizes
