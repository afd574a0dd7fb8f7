"""Two people share a project in a real browser: a required second factor, an invitation, and single sign-on."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app_codes import code
from tests.oidc import CLIENT_ID, CLIENT_SECRET, provider
from tests.server import PASSWORD, Server, database

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

MAKE = """
from django.contrib.auth.models import User
from collector.models import Membership, Project, Role
ada = User.objects.create_user("ada", password=%r)
blog = Project.objects.create(name="Blog", slug="blog")
Membership.objects.create(project=blog, user=ada, role=Role.OWNER)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server with single sign-on, where owners must have a second factor."""
    directory = tmp_path_factory.mktemp("two-people")
    settings = {"OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET, "SECOND_FACTOR": "owners"}
    with provider() as address, database(directory, is_prepared=True) as url:
        server = Server(directory, url, OIDC_URL=address, **settings)
        server.start()
        server.manage("shell", "-v0", "-c", MAKE % PASSWORD)
        yield server
        server.stop()


@pytest.fixture
def problems() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert found == []


def tab(chromium: Browser, site: Server, problems: list[str]) -> Page:
    """Open a browser of somebody's. What breaks our policy is a problem."""
    page = chromium.new_context(base_url=site.url).new_page()
    ours = lambda line: line.type == "error" and page.url.startswith(site.url)  # noqa: E731
    page.on("console", lambda line: problems.append(line.text) if ours(line) else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    return page


def owner_invites(page: Page) -> str:
    """Log in as an owner without a second factor, and return the link of an invitation."""
    page.goto("/projects/blog/members/")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("This server asks for a second factor.")).to_be_visible()
    page.get_by_role("link", name="Set up").click()
    page.get_by_label("Code").fill(code(page.locator("main code").inner_text().replace(" ", "")))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Role", exact=True).select_option("editor")
    page.get_by_role("button", name="Invite", exact=True).click()
    link = page.locator("#address").inner_text()
    page.goto("/projects/blog/members/")  # not again by the form
    expect(page.get_by_role("heading", name="Invited")).to_be_visible()
    return link


def test_two_people_share_a_project(chromium, site, problems):
    owner = tab(chromium, site, problems)
    link = owner_invites(owner)

    guest = tab(chromium, site, problems)
    guest.goto(link)
    expect(guest.get_by_text("ada invites you to this project, as: Editor.")).to_be_visible()
    guest.get_by_role("button", name="I have an account: log in").click()
    guest.get_by_role("button", name="Log in with single sign-on").click()
    guest.get_by_role("button", name="eve-1").click()  # at the provider
    guest.get_by_role("button", name="Join as eve").click()
    expect(guest).to_have_url(re.compile("/projects/blog/"))
    expect(guest.get_by_role("heading", name="Blog")).to_be_visible()

    owner.goto("/projects/blog/members/")
    expect(owner.get_by_text("eve", exact=True)).to_be_visible()
    expect(owner.get_by_role("heading", name="Invited")).to_be_hidden()
    late = tab(chromium, site, [])  # the page of a link that was used answers 404
    late.goto(link)
    expect(late.get_by_role("heading", name="This invitation no longer works")).to_be_visible()
