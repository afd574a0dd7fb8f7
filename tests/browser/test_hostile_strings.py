"""What strangers and other members write runs nowhere, breaks no page, and begins no formula."""

import csv
import json
import re
from dataclasses import replace
from email import message_from_string
from email.policy import default
from io import StringIO

import pytest
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page as Tab

from tests.browser import hostile, hostile_accounts, strange
from tests.browser.pages import NARROW, Page, Visitors
from tests.browser.test_strange_strings import MISFITS
from tests.server import eventually

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

WHO = hostile.OWNER
PERSON, GUARDED = hostile_accounts.PERSON, hostile_accounts.GUARDED
ACCOUNTS = (
    *(
        Page(f"account-{name}", f"/account/{name}/", who=PERSON)
        for name in ("name", "email", "delete", "tokens", "second-factor")
    ),
    Page("account", "/account/", who=PERSON),
    Page("passkeys", "/account/second-factor/", who=GUARDED),
    Page("members", "/projects/{slug}/members/", who=WHO),
    Page("activity", "/projects/{slug}/activity/", who=WHO),
    Page("invitation", "{invitation}", who=""),
    Page("invitation-of-user", "{invitation}", who=PERSON),
    Page("verify-email", "{verify}", who=""),
    Page("reset", "{reset}", who=""),
    Page("admin-audit", "/admin/collector/auditentry/", who=WHO),
    Page("admin-audit-search", "/admin/collector/auditentry/?q={word}&about={word}", who=WHO),
    Page("admin-person", "/admin/auth/user/{person}/change/", who=WHO),
    Page("admin-person-history", "/admin/auth/user/{person}/history/", who=WHO),
    Page("admin-person-delete", "/admin/auth/user/{person}/delete/", who=WHO),
)
PAGES = (
    *ACCOUNTS,
    *(replace(page, who=page.who and WHO) for page in strange.PAGES),
    Page("project-bidi", "/projects/{slug}/?platform={bidi}&browser={bidi}", who=WHO),
    Page("project-campaigns", "/projects/{slug}/?all=utm_source", who=WHO),
    Page("project-unlisted", "/projects/{slug}/?all=elsewhere", who=WHO),
    Page("article-pages", "/projects/{slug}/{article}/?all=pages", who=WHO),
    Page("snippets-badge", "/projects/{slug}/{article}/snippets/?badge=1&label={word}", who=WHO),
    Page("snippets-named", "/projects/{slug}/{article}/snippets/?platform={word}&platform={bidi}", who=WHO),
    Page("about-article", "/about/{pixel}/", who=""),
    Page("about-program", "/about/{declared}/", who=""),
    Page("badge", "/p/{pixel}/badge.svg?label={word}", who=""),
    Page("program-unusual", "/projects/{slug}/{program}/?all=unusual", who=WHO),
    Page("program-dropped", "/projects/{slug}/{program}/?all=dropped", who=WHO),
    Page("server", "/server/", who=WHO),
    Page("admin-program", "/admin/collector/pixel/{program}/change/", who=WHO),
    Page("admin-program-history", "/admin/collector/pixel/{program}/history/", who=WHO),
    Page("admin-share-history", "/admin/collector/sharelink/{share_pk}/history/", who=WHO),
    Page("admin-share-delete", "/admin/collector/sharelink/{share_pk}/delete/", who=WHO),
    Page("admin-token-delete", "/admin/collector/apitoken/{token}/delete/", who=WHO),
    Page("admin-user-delete", "/admin/auth/user/{user}/delete/", who=WHO),
    Page("admin-recent", "/admin/", who=hostile.MEMBER),
    Page("admin-filtered", "/admin/collector/pixel/?q={platform}&state={word}&project={word}", who=WHO),
    Page("admin-prefilled", "/admin/collector/pixel/add/?title={word}&kind={word}&project={word}", who=WHO),
)
TABLES = (
    "hits.csv", "export.csv", "snippets.csv", "{article}/hits.csv", "{article}/export.csv", "{program}/export.csv",
    *(f"export/{key}.csv" for key in ("articles", "platforms", "pages", "browsers", "countries", "utm_source")),
    "{program}/export/unusual.csv", "{program}/export/events.csv", "{program}/export/versions.csv",
)  # fmt: skip
JSONS = (
    "/projects/{slug}/hits.jsonl", "/projects/{slug}/live/", "/about/{declared}/declaration.json",
    "/about/{declared}/statistics.json", "/api/v1/projects", "/api/v1/projects/{slug}/pixels",
    "/api/v1/projects/{slug}/hits", "/api/v1/projects/{slug}/counts?dimension=page",
    "/api/v1/projects/{slug}/counts?dimension=browser", "/api/v1/projects/{slug}/pixels/{program}/events",
    "/api/v1/projects/{slug}/audit", "/api/v1/audit", "/api/v1/openapi.json", "/p/{pixel}/badge.json?label={word}",
    "/account/data.json",
)  # fmt: skip
FORMULA = re.compile("\\s*[=+@\uff1d\uff0b\uff0d\uff20-]|[\t\r\n]")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# What hostile text would have become if a page took it for markup.
INJECTED = """() => [...document.querySelectorAll("*")].flatMap((element) => [
    ...[...element.attributes].filter((each) => each.name.startsWith("on")).map((each) => each.name),
    ...["href", "src", "action", "formaction"].filter((name) => {
        const value = element.getAttribute(name) ?? "";
        return /^\\s*(javascript|data|vbscript):/i.test(value) && !value.startsWith("data:image/");
    }).map((name) => `${name}=${element.getAttribute(name)}`),
    ...(element.tagName === "SCRIPT" && !element.src && !(element.type ?? "").includes("json") ? ["script"] : []),
])"""
WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Characters that turn text around, where they would also turn what stands beside them.
TURNS = """() => {
    const walker = document.createTreeWalker(document.body ?? document.documentElement, NodeFilter.SHOW_TEXT);
    const turned = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const isShown = !/^(SCRIPT|STYLE|TEXTAREA|OPTION)$/.test(node.parentElement.tagName);
        const isApart = /isolate|plaintext/.test(getComputedStyle(node.parentElement).unicodeBidi);
        if (isShown && !isApart && /[\\u202d\\u202e]/.test(node.data)) {
            turned.push(node.parentElement.outerHTML.slice(0, 90));
        }
    }
    return turned;
}"""


@pytest.fixture(scope="module")
def visitors(chromium, server) -> Visitors:
    facts = hostile.furnish(server)
    assert facts["titles"] > 12
    assert facts["links"] > 8
    assert facts["decisions"] > 10
    assert "<script>" in facts["sites"]
    assert facts["named"] > 8  # projects
    assert facts["invitations"] > 8
    assert facts["passkeys"] > 8
    assert facts["entries"] > 80
    eventually(lambda: sum(hit["verdict"] == "counted" for hit in server.hits(facts["slug"])) > 90, 60)
    return Visitors(chromium, server, facts)


@pytest.fixture(scope="module")
def facts(visitors) -> dict[str, object]:
    return dict(visitors._facts)


WIDEST = """[...document.querySelectorAll("body *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1).slice(0, 3)
  .map((each) => `${each.tagName} ${each.className} ${each.textContent.trim().slice(0, 80)}`)"""


class Watch:
    """Notes what a page should never do: run a dialog, ask another host, violate its policy, fail."""

    def __init__(self, window: BrowserContext, own: str) -> None:
        self.seen: list[str] = []
        self._own = own
        window.route(lambda url: not url.startswith((own, "data:")), self._refuse)
        self.tab: Tab = window.new_page()
        self.tab.on("dialog", self._note_dialog)
        self.tab.on("pageerror", lambda error: self.seen.append(f"error: {error}"))
        self.tab.on("console", self._note_console)

    def _refuse(self, route) -> None:
        self.seen.append(f"request: {route.request.url[:80]}")
        route.abort()

    def _note_dialog(self, dialog) -> None:
        self.seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note_console(self, message) -> None:
        if "Content Security Policy" in message.text or "Refused to" in message.text:
            self.seen.append(message.text[:200])

    def open(self, address: str, status: int, *, fits: bool) -> list[str]:
        """Open a page, and return what is wrong with it. `fits`: also texts that are out of their boxes."""
        self.seen.clear()
        answer = self.tab.goto(address)
        assert answer
        found = [] if answer.status == status else [f"status {answer.status}"]
        found += [f"injected: {each}" for each in self.tab.evaluate(INJECTED)]
        found += [f"turned: {each}" for each in self.tab.evaluate(TURNS)]
        if address.partition("?")[0].endswith(".svg"):
            return [*found, *self.seen]
        if (excess := self.tab.evaluate(WIDTH)) > 0:
            found.append(f"{excess} px too wide: {self.tab.evaluate(WIDEST)}")
        if fits:
            found += [f"out of its box: {each}" for each in self.tab.evaluate(MISFITS)]
        return [*found, *self.seen]


def test_hostile_strings_run_nowhere_and_break_no_page(visitors, server):
    people = {page.who for page in PAGES}
    watches = {who: Watch(visitors.window(who, NARROW), server.url) for who in people}
    wrong = {}
    for page in PAGES:
        # Of the others, test_strange_strings.py looks at each box.
        wrong[page.name] = watches[page.who].open(visitors.address(page), page.status, fits=page in ACCOUNTS)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_hostile_strings_begin_no_formula_in_any_table(visitors, facts):
    window = visitors.window(WHO)
    cells = 0
    dangerous = {}
    for path in TABLES:
        answer = window.request.get(visitors.address(Page("", f"/projects/{{slug}}/{path}")))
        assert answer.ok, path
        rows = list(csv.reader(StringIO(answer.text().removeprefix("\ufeff"), newline="")))
        values = [cell for row in rows for cell in row]
        cells += len(values)
        dangerous[path] = [each for each in values if FORMULA.match(each) and not NUMBER.fullmatch(each)]
        assert len({len(row) for row in rows}) == 1, path
    assert {path: found[:5] for path, found in dangerous.items() if found} == {}
    assert cells > 1_000


def test_hostile_strings_leave_json_whole(visitors, facts):
    bearer = visitors.window("", extra_http_headers={"Authorization": f"Bearer {facts['secret']}"})
    windows = {"/api/": bearer, "/acco": visitors.window(PERSON)}
    member = visitors.window(WHO)
    for path in JSONS:
        answer = windows.get(path[:5], member).request.get(visitors.address(Page("", path)))
        assert answer.ok, path
        assert "json" in answer.headers["content-type"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        for line in answer.text().splitlines() if path.endswith("jsonl") else [answer.text()]:
            json.loads(line)


def test_hostile_strings_make_no_mail_another_one(facts):
    """One receiver, one line of subject, one part of plain text, whatever names and addresses are in it."""
    assert len(facts["mails"]) > 30
    messages = [message_from_string(text, policy=default) for text in facts["mails"]]
    for message in messages:
        assert set(message.keys()) == {
            "Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To", "Date", "Message-ID",
        }  # fmt: skip
        assert len(message["To"].addresses) == 1
        assert message["To"].addresses[0].domain == "evil.example"
        assert message.get_content_type() == "text/plain"
    assert any(hostile.SCRIPT in message.get_content() for message in messages)
    assert any(hostile.TEXTS[6] in str(message["Subject"]) for message in messages)
