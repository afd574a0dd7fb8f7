"""Public pages that say what a program or an article collects."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings as site_settings
from django.utils import timezone

from collector.models import Declaration, Pixel
from collector.programs.declaring import declare
from tests.collector.admin.browsing import logged_in, text_of
from tests.collector.programs.declarations import EXAMPLE, example
from tests.dashboard.conftest import NOON

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("noon", "empty_cache", "public_url"),
    pytest.mark.one_database,
]
LANGUAGES = [code for code, _ in site_settings.LANGUAGES]
KINDS = ["program", "article"]


@pytest.fixture
def program(project) -> Pixel:
    return declare(project, EXAMPLE).pixel


@pytest.fixture
def tokens(program, pixel) -> dict[str, str]:
    return {"program": program.token, "article": pixel.token}


def words_of(page: str) -> str:
    """Return the text of a page without tags, with single blanks."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_a_program_s_page_says_all_that_it_declares(client, program):
    page = words_of(text_of(client.get(f"/about/{program.token}/")))

    assert "What Paperclip collects" in page
    declared = program.declaration.text
    for words in re.findall(r'(?:why|reason) = "([^"]*)"', declared):
        assert words in page
    for link in re.findall(r'(?:contact|link) = "([^"]*)"', declared):
        assert link in page
    assert "One of: html, pdf, epub, other." in page
    assert "with these bounds: 1, 5, 30 (s)." in page
    assert "Sent until 31 Dec 2028." in page
    for switch in (
        "PAPERCLIP_TELEMETRY=off",
        "DO_NOT_TRACK=1",
        "/etc/footfall/off",
        "~/.config/paperclip/telemetry/choice",
    ):
        assert switch in page
    assert "It sends nothing before the next day." in page
    assert "deleted after 35 days" in page
    assert "country" not in page
    assert "The server is hits.example.org." in page


def test_the_example_on_the_page_is_a_request_as_it_is_sent(client, program):
    page = text_of(client.get(f"/about/{program.token}/"))

    request = json.loads(unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", page)[1]))
    report = request["reports"][0]
    assert request["schema"] == program.declaration.schema
    assert (request["v"], request["today"], report["day"]) == (1, "2026-11-22", "2026-11-22")
    assert report["used"][0] == {
        "day": "2026-11-19", "event": "build", "n": 2, "gap": 1,
        "p": {"format": "html", "draft": True, "theme": "3.1"}, "h": {"seconds": [2, 0, 0, 0]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([('mode = "notice"', 'mode = "ask"')], "It is off until you say yes."),
        ([('mode = "notice"', 'mode = "off"')], "It is off until you switch it on."),
        ([("why = ", "country = true\nwhy = ")], "your country. The server looks it up"),
        ([("why = ", "report_from_ci = true\nwhy = ")], "It also reports from CI systems, which are"),
        ([("why = ", "report_from_agents = true\nwhy = ")], "It also reports from coding agents, which"),
        (
            [("why = ", "report_from_ci = true\nreport_from_agents = true\nwhy = ")],
            "from CI systems and coding agents.",
        ),
        (
            [("until = 2028-12-31            #", "until = 2026-11-21 #")],
            "Ended on 21 Nov 2026: this is no longer sent.",
        ),
        ([("https://paperclip.example/contact", "me@paperclip.example")], "Questions: me@paperclip.example"),
    ],
)
def test_the_page_follows_the_declaration(client, project, changes, says):
    token = declare(project, example(*changes)).pixel.token

    assert says in words_of(text_of(client.get(f"/about/{token}/")))


@pytest.mark.parametrize("kind", KINDS)
def test_the_operator_is_named(client, tokens, settings, kind):
    settings.OPERATOR = "Example <Org>, privacy@example.org"

    page = text_of(client.get(f"/about/{tokens[kind]}/"))

    assert "Example &lt;Org&gt;, privacy@example.org runs this server, hits.example.org." in page


@pytest.mark.parametrize("drops", [False, True])
def test_an_article_s_page_says_what_is_kept_and_names_neither_article_nor_project(client, pixel, drops):
    pixel.title, pixel.project.name = "Secret plans", "Secret project"
    pixel.save()
    pixel.project.retention_days, pixel.project.drops_opted_out = 90, drops
    pixel.project.save()

    page = words_of(text_of(client.get(f"/about/{pixel.token}/")))

    assert "deleted after 90 days" in page
    assert "the campaign that the page’s address names in utm parameters" in page
    assert "Global Privacy Control" in page
    assert ("nothing about your visit is stored" in page) is drops
    assert "hits.example.org" in page
    assert "Secret" not in page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_page_exists_in_each_language_and_links_to_the_others(client, tokens, kind, language):
    for asked in ({"HTTP_ACCEPT_LANGUAGE": language}, {"QUERY_STRING": f"language={language}"}):
        answer = client.get(f"/about/{tokens[kind]}/", **asked)
        page = text_of(answer)
        assert answer.headers["Content-Language"] == language
        assert f'<html lang="{language}">' in page
        assert [code for code in LANGUAGES if f'href="?language={code}"' in page] == LANGUAGES


@pytest.mark.parametrize("path", ["", "declaration.json", "TELEMETRY.md"])
def test_it_is_public_without_cookies_kept_by_caches_for_minutes_and_by_no_search_engine(client, program, owner, path):
    for browser in (client, logged_in(owner)):
        answer = browser.get(f"/about/{program.token}/{path}")
        assert answer.status_code == 200
        assert not answer.cookies
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))
        assert "owner" not in text_of(answer)


@pytest.mark.every_database
@pytest.mark.parametrize("kind", KINDS)
def test_it_takes_one_query(client, tokens, django_assert_num_queries, kind):
    for path in ("", "declaration.json", "TELEMETRY.md") if kind == "program" else ("",):
        with django_assert_num_queries(1):
            client.get(f"/about/{tokens[kind]}/{path}")


@pytest.mark.every_database
@pytest.mark.parametrize("path", ["", "declaration.json", "TELEMETRY.md"])
@pytest.mark.parametrize(
    "token", ["unknown", "%00", "x%00y", "%FF", "a" * 500, "{retired}", "{article}", "{undeclared}"]
)
def test_what_collects_nothing_is_not_found(client, program, project, pixel, path, token):
    if token in {"{article}", "{undeclared}"} and not path:
        return  # both are pixels
    undeclared = Pixel.objects.create(project=project, title="New", kind="app").token
    retired = declare(project, example(('id = "paperclip"', 'id = "retired"'))).pixel
    Pixel.objects.filter(pk=retired.pk).update(retired_at=timezone.now())

    token = token.format(retired=retired.token, article=pixel.token, undeclared=undeclared)
    answer = client.get(f"/about/{token}/{path}", headers={"Accept-Language": "en"})

    assert answer.status_code == 404
    assert "Nothing is collected here" in text_of(answer)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not answer.cookies


def test_a_declaration_that_can_no_longer_be_read_shows_nothing(client, program):
    Declaration.objects.update(text="[program]")

    assert client.get(f"/about/{program.token}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_only_read(client, program, method):
    assert getattr(client, method)(f"/about/{program.token}/").status_code == 405


def test_requests_are_limited_like_those_of_shared_pages(client, program, settings):
    settings.SHARE_RATE_LIMIT = (2, 60)

    statuses = [client.get(f"/about/{program.token}/{path}").status_code for path in ("", "declaration.json", "")]

    assert statuses == [200, 200, 429]


def test_the_json_is_what_clients_compare_with(client, program):
    answer = client.get(f"/about/{program.token}/declaration.json")

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    data = answer.json()
    assert data == {
        "program": "paperclip",
        "mode": "notice",
        "schema": program.declaration.schema,
        "fields": data["fields"],
        "declared": program.declaration.declared_at.date().isoformat(),
    }
    assert "build.format=html" in data["fields"]


def test_markdown_says_the_same_as_the_page_in_english_unless_asked(client, program):
    answer = client.get(f"/about/{program.token}/TELEMETRY.md", headers={"Accept-Language": "de"})
    page = words_of(text_of(client.get(f"/about/{program.token}/", headers={"Accept-Language": "en"})))

    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert 'filename="TELEMETRY.md"' in answer.headers["Content-Disposition"]
    text = answer.content.decode()
    assert text.startswith("# What Paperclip collects\n\n")
    assert "\n### `build`\n\nShows which formats people need" in text
    assert "\n- `PAPERCLIP_TELEMETRY=off` for this program\n" in text
    assert "```json\n{" in text
    plain = re.sub(r"\\([^\w\s])", r"\1", text.replace("```json", ""))
    for line in re.sub(r"[`<>]|^(?:#+|-) ", "", plain, flags=re.MULTILINE).split("\n"):
        assert " ".join(line.split()) in page
    german = client.get(f"/about/{program.token}/TELEMETRY.md?language=de")
    assert german.headers["Content-Language"] == "de"


def test_markdown_stays_the_same_on_later_days(client, program, monkeypatch):
    path = f"/about/{program.token}/TELEMETRY.md"
    text = client.get(path).content

    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + timedelta(days=90))

    assert client.get(path).content == text


HOSTILE = "</code></pre><script>alert(1)</script>\\n# [x](javascript:a) `b` *c* &lt;"


def test_strangers_words_stay_words(client, project):
    text = example(
        ("Drafts may skip the index.", HOSTILE.replace('"', "'")),
        ('name = "Paperclip"', "name = '<b>*Clip*</b>'"),
        ("https://paperclip.example/contact", "https://x.example/'onclick='alert(1)"),
    )
    token = declare(project, text).pixel.token

    page = text_of(client.get(f"/about/{token}/"))
    assert "<script>alert" not in page
    assert "<b>*Clip" not in page
    assert "'onclick='" not in page
    markdown = client.get(f"/about/{token}/TELEMETRY.md").content.decode()
    assert markdown.startswith("# What \\<b\\>\\*Clip\\*\\</b\\> collects\n")
    assert not re.search(r"(?<!\\)<(?!https?://)", markdown.replace("```json", ""))
    assert "\n# [x]" not in markdown


def test_a_foreign_host_gets_no_page(client, program):
    assert client.get(f"/about/{program.token}/", headers={"Host": "evil.example"}).status_code == 400


def test_the_pages_of_an_article_link_to_it_as_long_as_it_counts(reader, pixel):
    link = f'href="/about/{pixel.token}/"'
    paths = [f"/projects/blog/{pixel.pk}/", f"/projects/blog/{pixel.pk}/snippets/"]
    assert all(link in text_of(reader.get(path)) for path in paths)

    Pixel.objects.update(retired_at=timezone.now())
    assert not any(link in text_of(reader.get(path)) for path in paths)
