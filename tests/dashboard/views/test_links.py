"""Every link on the dashboard's pages works, for everyone who sees it."""

from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.test import Client

from collector.models import Pixel, Section, ShareLink
from tests.hits import CAMO, hit

pytestmark = pytest.mark.one_database

PATHS = (
    "/",
    "/projects/blog/?range=all",
    "/projects/blog/?range=all&all=articles",
    "/projects/blog/?range=all&platform=medium&country=DE&by=hour",
    "/projects/blog/{pixel}/?range=all",
    "/projects/blog/snippets/",
    "/projects/blog/{pixel}/snippets/",
    "/api/v1/",
)


class Links(HTMLParser):
    """Collects the addresses of a page's links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.addresses += [value for name, value in attrs if name == "href" and value]


@pytest.fixture
def visited(pixel, take) -> Pixel:
    """A pixel with visits of different kinds on a few days, and more articles beside it."""
    take(
        hit(pixel, "2026-11-20T10:00", placement="medium", page="https://medium.com/@a/b"),
        hit(pixel, "2026-11-20T11:00", placement="github", agent=CAMO, page=""),
        hit(pixel, "2026-11-21T10:00", page="https://elsewhere.example/ü?a=b", country="", language="", visitor=2),
        hit(pixel, "2026-11-22T10:00", placement="<b>", agent="curl/8", visitor=3),
    )
    Pixel.objects.bulk_create(Pixel(project=pixel.project, title=f"“{number}” & <i>") for number in range(12))
    return pixel


def linked(client: Client, start: str) -> set[str]:
    """Return the addresses on this server that a page links to."""
    page = client.get(start)
    assert page.status_code == 200
    links = {urljoin(start, link) for link in Links(page.content.decode()).addresses}
    return {link for link in links if not urlsplit(link).netloc}


def answers(client: Client, links: set[str]) -> dict[str, int]:
    """Return the status of each address that does not answer 200 after redirects."""
    statuses = {link: client.get(link, follow=True).status_code for link in sorted(links)}
    return {link: status for link, status in statuses.items() if status != 200}


def one_of_each_kind(links: set[str]) -> set[str]:
    """Return one of the links that differ only in the values of their query."""
    kinds = {(urlsplit(link).path, *sorted(parse_qs(urlsplit(link).query))): link for link in sorted(links)}
    return set(kinds.values())


@pytest.mark.parametrize(("who", "followed"), [("viewer", set), ("owner", one_of_each_kind)], ids=["viewer", "owner"])
def test_every_link_works(client, visited, request, who, followed):
    client.force_login(request.getfixturevalue(who))
    links: set[str] = set()
    for path in PATHS:
        links_of_page = linked(client, path.format(pixel=visited.pk))
        assert links_of_page, path
        links |= links_of_page

    assert answers(client, followed(links)) == {}
    assert {"/projects/blog/export.csv", "/projects/blog/hits.jsonl"} <= {urlsplit(link).path for link in links}


def test_every_link_of_a_shared_page_works_for_anyone(client, visited):
    link = ShareLink.objects.create(project=visited.project, name="For Bo", shows=[str(section) for section in Section])

    links = linked(client, f"/share/{link.key}/?range=all")

    assert answers(client, links) == {}
    assert {urlsplit(address).path for address in links} == {f"/share/{link.key}/"}
