"""PUBLIC_URL with a path: the whole site lies below it, whether the reverse proxy removes it or not."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.server import PASSWORD, Server, running
from tests.telemetry_site.visitor import Visitor

pytestmark = pytest.mark.one_database

PATH = "/app/footfall"
KEPT, REMOVED = "", PATH

# `manage.py shell` runs this. It prints where the pages are.
FURNISH = """
import json
from pathlib import Path
from collector.models import ApiToken, Pixel, Project, ShareLink
from collector.programs.declaring import declare
from django.contrib.auth.models import User

project = Project.objects.create(name="Blog", slug="blog", timezone="UTC")
article = Pixel.objects.create(project=project, title="Hello", placements=["medium"])
program = declare(project, Path("collector/programs/example.toml").read_text()).pixel
share = ShareLink.objects.create(project=project, name="Readers", embedded_on="*")
locked = ShareLink(project=project, name="Editors")
locked.set_password("%(password)s")
locked.save()
token = ApiToken(user=User.objects.get(), name="Nightly")
secret = token.make_secret()
token.save()
token.projects.add(project)
print(json.dumps({"article": article.pk, "token": article.token, "program": program.token, "share": share.key,
    "locked": locked.key, "secret": secret}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("below"), "--workers", "1", path=PATH) as server:
        yield server


@pytest.fixture(scope="module")
def facts(server) -> dict[str, str]:
    return json.loads(server.manage("shell", "-v0", "-c", FURNISH % {"password": PASSWORD}))


@pytest.fixture(scope="module", params=[KEPT, REMOVED], ids=["kept", "removed"])
def visitor(request, server) -> Visitor:
    return Visitor(f"127.0.0.1:{server.port}", request.param)


@pytest.fixture(scope="module")
def admin(visitor, facts) -> Visitor:
    """Return a browser that was sent to the login and from there to where it wanted to go."""
    login = visitor.follow(f"{PATH}/projects/blog/")
    assert login.address == f"{PATH}/login/?next={PATH}/projects/blog/"
    answer = visitor.post(login.address, username="admin", password=PASSWORD)
    assert (answer.status, answer.headers["Location"]) == (302, f"{PATH}/projects/blog/")
    return visitor


def test_every_link_of_every_page_leads_on(admin, facts):
    """Where the proxy removes the path, only the links of the first pages are followed: all addresses are the same."""
    seen: dict[str, int] = {}
    waiting = [f"{PATH}/", f"{PATH}/share/{facts['share']}/", f"{PATH}/share/{facts['share']}/embed/"]
    waiting += [f"{PATH}/about/{facts['token']}/", f"{PATH}/about/{facts['program']}/", f"{PATH}/api/v1/openapi.json"]
    first_pages = len(waiting)
    while waiting:
        address = waiting.pop(0)
        path = re.sub(r"\d+", "1", address.partition("?")[0].partition("#")[0])
        if path in seen or address.endswith(("/logout/", "/setlang/", "/delete/", "/history/")):
            continue
        page = admin.follow(address)
        seen[path] = page.status
        links = [link.removeprefix(f"http://{admin.host}") for link in page.links()]
        ours = [link for link in links if link.startswith("/")]
        assert [link for link in ours if not link.startswith(f"{PATH}/")] == [], address
        if admin.removed == KEPT or len(seen) <= first_pages:
            waiting += ours

    assert {path: status for path, status in seen.items() if status not in {200, 405}} == {}
    assert len(seen) > (100 if admin.removed == KEPT else 30)
    assert {path.rpartition(".")[2] for path in seen} >= {"css", "js", "svg", "json"}
    assert all(below.startswith(f"{PATH}/") for _, below in admin.cookies.values())


def test_snippets_and_clients_name_addresses_that_work(admin, server, facts):
    below = f"http://{admin.host}{PATH}"
    snippets = admin.get(f"{PATH}/projects/blog/{facts['article']}/snippets/?platform=medium").text

    assert f"{below}/p/{facts['token']}/medium.gif" in snippets
    assert f"{below}/share/{facts['share']}/" in admin.get(f"{PATH}/admin/collector/sharelink/").text
    assert f"{below}/api/v1/projects" in admin.get(f"{PATH}/api/v1/").text
    document = json.loads(admin.get(f"{PATH}/api/v1/openapi.json").text)
    assert all(path.startswith(f"{PATH}/api/v1/") for path in document["paths"])
    assert f"running at {below}/ (" in server.log.read_text()


def test_forms_lead_back_below_the_path(admin, facts):
    language = admin.post(f"{PATH}/i18n/setlang/", language="de", next=f"{PATH}/projects/blog/?range=7d")
    assert language.headers["Location"] == f"{PATH}/projects/blog/?range=7d"
    assert "Projekt" in admin.get(f"{PATH}/").text
    page = f"{PATH}/share/{facts['locked']}/"
    assert admin.post(page, password=PASSWORD).headers["Location"] == page
    assert "Blog" in admin.get(page).text
    assert admin.cookies["shared"][1] == page
    assert admin.post(f"{PATH}/logout/").headers["Location"] == f"{PATH}/login/"  # the last test that is logged in


def test_hits_reports_and_the_api_are_answered(visitor, facts):
    for path in (f"/p/{facts['token']}/medium.gif", f"//P/{facts['token']}/medium.gif%22", f"/p/{facts['token']}.gif"):
        answer = visitor.get(PATH + path, **{"User-Agent": "Mozilla/5.0 Firefox/140.0"})
        assert (answer.status, answer.headers["X-Telemetry"]) == (200, "counted"), path
    assert visitor.get(f"{PATH}/p/unknown").headers["Content-Type"] == "image/gif"
    assert visitor.get(f"{PATH}/e/{facts['program']}").headers["Allow"] == "POST"
    assert visitor.get(f"{PATH}/api/v1/projects", Authorization=f"Bearer {facts['secret']}").status == 200
    assert [visitor.get(path).status for path in ("/healthz", f"{PATH}/healthz", f"{PATH}/readyz")] == [200] * 3
    assert visitor.follow(PATH).address == f"{PATH}/login/?next={PATH}/"
    beside, missing = visitor.get(f"{PATH}ed/login/"), visitor.get(f"{PATH}/nothing/")
    assert (beside.status, missing.status) == (404, 404)
    assert f'<a class="wordmark" href="{PATH}/">' in missing.text


def test_no_header_moves_the_site(visitor):
    forged = dict.fromkeys(["X-Forwarded-Prefix", "X-Script-Name", "Script-Name", "X-Original-URL"], "/evil")

    page = visitor.get(f"{PATH}/login/", **forged)

    assert page.status == 200
    assert "evil" not in page.text
