"""The picker of badges on the snippets page."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin.models import LogEntry

from collector.models import Kind, Pixel
from tests.dashboard.snippets.pages import text

pytestmark = [pytest.mark.usefixtures("noon", "public_url"), pytest.mark.one_database]


def page_of(client, pixel: Pixel, query: str = "") -> str:
    return text(client, f"/projects/blog/{pixel.pk}/snippets/{query}")


def snippet(page: str, form: str) -> str:
    """Return what to paste in one form."""
    match = re.search(rf'<code id="badge-{form}"[^>]*>([^<]*)</code>', page)
    assert match
    return unescape(match[1])


def test_the_form_makes_the_address_of_a_badge_and_a_preview_that_does_not_count(reader, pixel):
    page = page_of(
        reader, pixel, "?show=visitors&range=30d&style=plastic&label=Read+by+%22x%22&color=orange&on=medium&base="
    )
    address = snippet(page, "url")

    assert urlsplit(address).path == f"/p/{pixel.token}/medium/badge.svg"
    assert parse_qs(urlsplit(address).query) == {
        "show": ["visitors"], "range": ["30d"], "style": ["plastic"], "label": ['Read by "x"'], "color": ["orange"],
    }  # fmt: skip
    preview = unescape(re.findall(r'<img src="([^"]+badge[^"]+)"', page)[0])
    assert preview == f"/p/{pixel.token}/medium/badge.svg?{urlsplit(address).query}&count=0"
    assert snippet(page, "markdown") == f'![Read by "x"]({address})'
    assert snippet(page, "rst") == f'.. image:: {address}\n   :alt: Read by "x"'
    assert snippet(page, "asciidoc") == f'image:{address}["Read by \\"x\\""]'
    assert 'alt="Read by &quot;x&quot;"' in snippet(page, "html")
    data = parse_qs(urlsplit(snippet(page, "shields")).query)["url"][0]
    assert data == address.replace("badge.svg", "badge.json")


@pytest.mark.parametrize("query", ["", "?style=social&color=no&range=2d&show=stars&on=nowhere&base=x", "?label=%00%0a"])
def test_what_can_not_be_read_is_as_if_it_were_not_chosen(reader, pixel, query):
    address = snippet(page_of(reader, pixel, query), "url")

    assert address == f"https://hits.example.org/p/{pixel.token}/badge.svg?show=visits"


def test_a_hostile_label_stays_text(reader, pixel):
    page = page_of(reader, pixel, "?label=%22%3E%3Cscript%3Ealert(1)%3C/script%3E](x)")

    assert "<script>alert" not in page
    assert snippet(page, "markdown").startswith('!["><script>alert(1)</script>\\](x)](https://')


def test_the_choice_of_platforms_stays(reader, pixel):
    page = page_of(reader, pixel, "?platform=github&platform=medium")

    assert page.count('<input type="hidden" name="platform" value="github">') == 1


def test_an_owner_makes_the_numbers_public_and_private_again(client, pixel, owner):
    client.force_login(owner)
    path = f"/projects/blog/{pixel.pk}/snippets/badge/"
    assert "Make it public" in page_of(client, pixel)
    response = client.post(f"{path}?label=x", {"public": "1"})

    assert (response.status_code, response.url) == (302, f"/projects/blog/{pixel.pk}/snippets/?label=x&badge=1#badge")
    assert Pixel.objects.get(pk=pixel.pk).has_public_badge
    assert "Make it private" in page_of(client, pixel)
    client.post(path, {"public": "1"})
    client.post(path, {"public": "0"})
    assert not Pixel.objects.get(pk=pixel.pk).has_public_badge
    messages = list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True))
    assert messages == ["Made the numbers public.", "Made the numbers private."]


def test_only_owners_make_numbers_public(client, editor, reader, stranger, pixel):
    path = f"/projects/blog/{pixel.pk}/snippets/badge/"
    for user in (editor, reader):
        assert user.post(path, {"public": "1"}).status_code == 404
        page = page_of(user, pixel)
        assert "Make it public" not in page
        assert "Owners of the project can make it public." in page
    client.force_login(stranger)
    assert client.post(path, {"public": "1"}).status_code == 404
    assert client.get(path).status_code == 405
    client.logout()
    assert client.post(path, {"public": "1"}).url.startswith("/login/")
    assert not Pixel.objects.get(pk=pixel.pk).has_public_badge


def test_a_program_has_badges_of_its_own(reader, program):
    page = page_of(reader, program, "?range=30d&count=0&show=newest-share")

    assert snippet(page, "url") == f"https://hits.example.org/p/{program.token}/badge.svg?show=newest-share"
    assert "Make it public" not in page
    assert '<option value="visits"' not in page


def test_the_picker_is_folded_below_the_snippets_except_where_badges_are_usual(reader, pixel):
    page = page_of(reader, pixel)
    assert '<details class="badge-picker">' in page
    assert page.index('class="badge-picker"') > page.index('id="platform-dev-to"')
    assert '<details class="badge-picker" open>' in page_of(reader, pixel, "?style=plastic")
    Pixel.objects.update(kind=Kind.README)
    assert '<details class="badge-picker" open>' in page_of(reader, pixel)
