"""A shared chart on other sites: shown where its link allows it, blocked everywhere else."""

import pytest
from playwright.sync_api import Page as Tab

from tests.browser.test_first_visit import published
from tests.endpoints import CHROME
from tests.server import Server, eventually, new_pixel

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

FRAME = '<iframe src="{}" width="100%" height="440"></iframe>'
PAINTED = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value) => value > 0);
}"""


@pytest.fixture(scope="module")
def read_pixel(server, chromium) -> dict[str, str]:
    """A pixel with one visit."""
    pixel = new_pixel(server)
    with chromium.new_context(user_agent=CHROME) as reader:
        reader.request.get(f"{server.url}/p/{pixel['token']}/medium.gif")
    eventually(lambda: server.hits("blog"), 30)
    return pixel


def link(server: Server, key: str, embedded_on: str) -> str:
    """Share the project and return the address of its frame."""
    server.manage(
        "shell", "-v0", "-c",
        "from collector.models import Project, ShareLink;"
        f"ShareLink.objects.create(project=Project.objects.get(slug='blog'), name='Readers', key='{key}',"
        f" embedded_on='{embedded_on}')",
    )  # fmt: skip
    return f"{server.url}/share/{key}/embed/"


def origin_of(address: str) -> str:
    return address.removesuffix("/hello")


def complaints_of(page: Tab) -> list[str]:
    """Return a list that grows with each warning and error on the console."""
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [300, 1280])
def test_a_site_that_the_link_names_shows_the_chart(server, chromium, read_pixel, theme, width):
    frame = f"{server.url}/share/{theme}{width}/embed/"
    with published(FRAME.format(frame)) as address:
        link(server, f"{theme}{width}", origin_of(address))
        context = chromium.new_context(color_scheme=theme, viewport={"width": width, "height": 600})
        page = context.new_page()
        complaints = complaints_of(page)
        page.goto(address)
        inside = page.frame_locator("iframe")
        inside.locator("[data-panel=trend] canvas").wait_for()

        eventually(lambda: inside.locator("[data-panel=trend] canvas").evaluate(PAINTED), 30)
        assert inside.locator("[data-figure=visits]").get_attribute("data-value") == "1"
        paper = inside.locator("html").evaluate("html => getComputedStyle(html).backgroundColor")
        assert paper == {"light": "rgb(251, 250, 247)", "dark": "rgb(23, 22, 19)"}[theme]
        assert inside.locator("html").evaluate("html => html.scrollWidth <= innerWidth")
        assert context.cookies() == []
        assert [line for line in complaints if "favicon" not in line] == []
        context.close()


@pytest.mark.parametrize("embedded_on", ["https://blog.example.org", "http://127.0.0.1"])
def test_the_browser_blocks_the_chart_on_any_other_site(server, chromium, read_pixel, embedded_on):
    key = embedded_on.rpartition("/")[2].replace(".", "-")
    with published(FRAME.format(link(server, key, embedded_on))) as address, chromium.new_context() as context:
        page = context.new_page()
        complaints = complaints_of(page)
        page.goto(address)

        eventually(lambda: any("frame-ancestors" in line for line in complaints), 30)
        assert page.frame_locator("iframe").locator("canvas").count() == 0


def test_a_shared_page_can_not_be_framed(server, chromium, read_pixel):
    frame = link(server, "whole", "*").removesuffix("embed/")
    with published(FRAME.format(frame)) as address, chromium.new_context() as context:
        page = context.new_page()
        complaints = complaints_of(page)
        page.goto(address)

        eventually(lambda: any("frame-ancestors" in line for line in complaints), 30)
        assert page.frame_locator("iframe").locator("canvas").count() == 0
