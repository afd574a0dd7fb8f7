"""Strange strings make no page wider than the screen, and no text is cut off or runs into another."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.pages import HEIGHT, NARROW, WIDE, Page, Visitors
from tests.browser.strange import PAGES, furnish
from tests.server import eventually

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
# The innermost elements that are wider than the page, and texts that leave their box or are cut off without `…`. What
# depends on all elements around one is remembered: pages have thousands of texts.
MISFITS = """() => {
    const width = document.documentElement.clientWidth;
    const told = (element) => `${element.tagName.toLowerCase()}#${element.id}.${element.className} in `
        + `${element.parentElement?.tagName.toLowerCase()}.${element.parentElement?.className}: `
        + element.textContent.trim().slice(0, 20);
    function* ancestors(element) { for (let each = element; each; each = each.parentElement) yield each; }
    const within = (test, known = new Map()) => function isWithin(element) {
        if (!element) return false;
        if (!known.has(element)) known.set(element, test(element) || isWithin(element.parentElement));
        return known.get(element);
    };
    const isClipped = within((element) => {
        const { clipPath, clip } = getComputedStyle(element);
        return clipPath !== "none" || clip !== "auto";
    });
    const isHidden = (element) => isClipped(element)
        || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const isScroller = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
    const isScrolled = within(isScroller);
    const misfits = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const parent = node.parentElement;
        if (!node.data.trim() || ["SCRIPT", "STYLE", "OPTION", "TEXTAREA", "TEMPLATE"].includes(parent.tagName)
            || isHidden(parent) || parent.matches(".labelled")) continue;  // an hour's name covers empty cells
        const range = document.createRange();
        range.selectNodeContents(node);
        const rects = [...range.getClientRects()].filter((rect) => rect.width > 1);
        const right = Math.max(...rects.map((rect) => rect.right));
        const left = Math.min(...rects.map((rect) => rect.left));
        for (const box of ancestors(parent)) {
            const style = getComputedStyle(box);
            if (style.display === "inline" || style.display === "contents") continue;
            if (parseFloat(style.textIndent) < -999) break;  // an icon stands in its place
            if (isScroller(box)) break;
            const edges = box.getBoundingClientRect();
            const scrolls = isScrolled(box);
            const isOutside = right > (scrolls ? edges.right : Math.min(edges.right, width)) + 1.5
                || left < (scrolls ? edges.left : Math.max(edges.left, 0)) - 1.5;
            if (isOutside && style.textOverflow !== "ellipsis") misfits.push(told(parent));
            break;
        }
    }
    for (const control of document.querySelectorAll("input, select, textarea, button, canvas")) {
        const { left, right } = control.getBoundingClientRect();
        const box = [...ancestors(control.parentElement)].find((each) => {
            const { display, overflowX } = getComputedStyle(each);
            return overflowX !== "visible" && display !== "table-row";
        });
        const scrolls = box && isScroller(box);
        const edge = box ? Math.min(box.getBoundingClientRect().right, width) : width;
        if (!isHidden(control) && !scrolls && (right > edge + 1.5 || left < -1.5)) misfits.push(told(control));
    }
    return misfits;
}"""


@pytest.fixture(scope="module")
def visitors(chromium, server) -> Visitors:
    return Visitors(chromium, server, furnish(server))


@pytest.fixture(scope="module")
def window(visitors) -> Callable[..., BrowserContext]:
    """Return a function that opens one window for each person: styles and scripts are loaded once."""
    return cache(visitors.window)


def misfits_of(visitors: Visitors, window: BrowserContext, page: Page) -> dict[int, list[str]]:
    """Return what does not fit on a page, by the width of the window."""
    tab = window.new_page()
    visitors.open(page, tab)
    misfits = {}
    for width in (WIDE, NARROW):
        tab.set_viewport_size({"width": width, "height": HEIGHT})
        with suppress(AssertionError):  # charts take a moment to follow
            eventually(lambda: tab.evaluate(FITS), 15)
        misfits[width] = tab.evaluate(MISFITS)
        if not tab.evaluate(FITS):
            misfits[width].append(f"the page is {tab.evaluate('document.documentElement.scrollWidth')} wide")
    tab.close()
    return misfits


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_text_stays_in_its_box_and_every_page_on_the_screen(visitors, window, page):
    assert misfits_of(visitors, window(page.who), page) == {WIDE: [], NARROW: []}


@pytest.mark.parametrize("page", [page for page in PAGES if page.name in {"project", "article", "share"}], ids=str)
def test_the_tables_of_charts_stay_on_the_screen_without_scripts(visitors, window, page):
    assert misfits_of(visitors, window(page.who, java_script_enabled=False), page) == {WIDE: [], NARROW: []}
