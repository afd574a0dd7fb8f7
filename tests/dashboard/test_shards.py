"""On Citus, a page of one project asks the one shard that has the project, however many there are."""

import re

import pytest

from collector.models import Pixel, Project, ShareLink
from tests.citus import recorded, shards_of
from tests.dashboard.api.client import token_for
from tests.hits import hit

pytestmark = [pytest.mark.citus, pytest.mark.django_db(transaction=True)]

PAGES = (
    "/projects/blog/", "/projects/blog/?range=today", "/projects/blog/?range=12m&compare=year",
    "/projects/blog/?range=all", "/projects/blog/?platform=medium", "/projects/blog/?country=DE",
    "/projects/blog/?browser=Firefox", "/projects/blog/?all=countries", "/projects/blog/live/",
    "/projects/blog/export.csv", "/projects/blog/hits.csv", "/projects/blog/arrival.json", "/projects/blog/snippets/",
    "/projects/blog/{article}/", "/projects/blog/{article}/?country=DE", "/projects/blog/{article}/live/",
    "/projects/blog/{article}/hits.jsonl", "/projects/blog/{article}/snippets/", "/projects/blog/{program}/",
    "/projects/blog/{program}/?all=versions", "/about/{article_token}/", "/about/{program_token}/", "/share/{share}/",
    "/admin/collector/pixel/", "/admin/collector/project/",
)  # fmt: skip
FROM = re.compile(r'FROM "(\w+)"')
CALLS = (
    "projects/blog", "projects/blog/pixels", "projects/blog/counts", "projects/blog/hits",
    "projects/blog/pixels/{article}", "projects/blog/pixels/{program}/installations",
    "projects/blog/pixels/{program}/events", "projects/blog/pixels/{program}/retention",
)  # fmt: skip
# They show many projects: a statement for each would cost more than one for the shards of all. These are the only ones.
LISTS = {
    "/": ["collector_dailycount", "collector_pixel"],
    "/server/": ["collector_dailycount", "collector_reportcount"],
}


@pytest.fixture
def facts(project, pixel, program, take):
    for number in range(8):  # in other shards than `project`
        other = Project.objects.create(name=f"Other {number}", slug=f"other-{number}")
        take(hit(Pixel.objects.create(project=other, title="Other")))
    take(hit(pixel, placement="medium"), hit(pixel, is_end=True))
    share = ShareLink.objects.create(project=project)
    ids = {"article": pixel.pk, "program": program.pk, "share": share.key}
    return ids | {"article_token": pixel.token, "program_token": program.token}


def shards_per_query(client, address):
    with recorded() as queries:
        answer = client.get(address)
        assert answer.status_code == 200, address
        b"".join(answer.streaming_content if answer.streaming else [answer.content])
    return shards_of(queries)


def test_a_page_of_a_project_asks_one_shard_and_a_list_those_of_its_projects(admin_client, admin_user, project, facts):
    _, caller = token_for(admin_user, project)
    asked = {page: shards_per_query(admin_client, page.format(**facts)) for page in PAGES}
    asked |= {call: shards_per_query(caller, f"/api/v1/{call.format(**facts)}") for call in CALLS}
    lists = {page: shards_per_query(admin_client, page) for page in LISTS}

    assert [(page, sql) for page, queries in asked.items() for shards, sql in queries if shards > 1] == []
    assert all(any("collector_dailycount" in sql for _, sql in asked[page]) for page in PAGES[:8])
    several = {page: [sql for shards, sql in queries if shards > 1] for page, queries in lists.items()}
    assert {page: sorted(FROM.search(sql)[1] for sql in queries) for page, queries in several.items()} == LISTS
