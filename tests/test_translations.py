"""Languages: every message is translated, translations keep its placeholders, and pages exist in every language."""

import os
import re
import shutil
import tomllib
from collections.abc import Iterable
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import IO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone, translation

from collector.classify.platforms import TRANSLATED_NAMES, catalogue, named_platforms, platform_name
from collector.models import Pixel
from dashboard.views.errors import server_error
from tests import messages, phrases
from tests.hits import CAMO, hit

pytestmark = pytest.mark.one_database

LANGUAGES = [code for code, _ in settings.LANGUAGES]
TRANSLATED = [code for code in LANGUAGES if code != "en"]
# What a translation must hold as it is: placeholders of gettext and of format(), and tags.
FIXED = re.compile(r"%\(\w+\)[a-z]|%%|\{\w*\}|</?[a-z][^>]*>")


def key(message: Message) -> tuple[str, str]:
    """Return what identifies a message: its context, and its text or, with plural forms, the singular."""
    return message.context or "", message.id if isinstance(message.id, str) else message.id[0]


def by_key(catalog: Iterable[Message]) -> dict[tuple[str, str], Message]:
    return {key(message): message for message in catalog if message.id}


def forms(texts: object) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts or ())  # type: ignore[arg-type]


def texts_of(mo: IO[bytes]) -> dict[object, str]:
    """Return what gettext reads of a .mo file, without its header, which names the version of Babel."""
    texts: dict[object, str] = vars(GNUTranslations(mo))["_catalog"]
    return {text: translated for text, translated in texts.items() if text}


def fixed(text: str) -> list[str]:
    return sorted(FIXED.findall(text))


@pytest.fixture(scope="module")
def code_messages(tmp_path_factory) -> Catalog:
    """Every message of the code."""
    if not shutil.which("xgettext"):
        assert not os.environ.get("CI"), "GNU gettext is missing"
        pytest.skip("GNU gettext is not installed")
    return messages.extracted(tmp_path_factory.mktemp("tree"))


@pytest.fixture(params=TRANSLATED)
def po(request) -> Path:
    path = messages.po_of(request.param)
    assert path.exists(), f"run python -m tests.messages and translate {path}"
    return path


def test_each_language_has_exactly_the_messages_of_the_code(code_messages, po):
    in_code, in_po = by_key(code_messages).keys(), by_key(messages.read(po)).keys()

    assert in_code
    assert sorted(in_code - in_po) == []
    assert sorted(in_po - in_code) == []


def test_everything_is_translated(po):
    catalog = messages.read(po)

    assert [key(message) for message in catalog if message.id and message.fuzzy] == []
    for message in by_key(catalog).values():
        expected = catalog.num_plurals if message.pluralizable else 1
        assert len(forms(message.string)) == expected, message.id
        assert all(forms(message.string)), message.id


def test_translations_hold_the_same_placeholders_and_tags(po):
    for message in by_key(messages.read(po)).values():
        texts = forms(message.id)
        *fewer, most = forms(message.string)
        assert fixed(most) == fixed(texts[-1]), message.id
        for text in fewer:  # "one hit" may leave out its number
            assert fixed(text) in [fixed(own) for own in texts], message.id


def test_compiled_translations_are_up_to_date(po):
    compiled = BytesIO()
    write_mo(compiled, messages.read(po))
    compiled.seek(0)

    with po.with_suffix(".mo").open("rb") as file:
        assert texts_of(file) == texts_of(compiled), "run python -m tests.messages"


def test_the_module_for_translators_has_every_sentence_of_the_catalogue():
    assert phrases.MODULE.read_text("utf-8") == phrases.module(), "run python -m tests.phrases"
    advice = tomllib.loads(phrases.CATALOGUES.joinpath("platforms.toml").read_text("utf-8"))["instead"]
    assert {platform.phrase for platform in catalogue().values()} | {advice} == set(phrases.phrases())
    for phrase in phrases.phrases():
        assert fixed(phrase) in ([], ["%(platform)s"], ["%(platform)s"] * 2), phrase


def test_the_sentence_of_a_platform_contains_its_name():
    assert catalogue()["gmail"].sees.startswith("Gmail loads images through an image proxy: ")
    assert "%" not in "".join(platform.sees for platform in catalogue().values())


def test_translated_platform_names_match_the_catalogue():
    names = {slug: platform.name for slug, platform in (catalogue() | named_platforms()).items()}

    assert {slug: names.get(slug, slug) for slug in TRANSLATED_NAMES} == TRANSLATED_NAMES
    assert platform_name("forum") == "Forum"


# Pages


def pages(pixel: Pixel, quiet: Pixel) -> list[str]:
    project = f"/projects/{pixel.project.slug}/"
    admin = "/admin/collector"
    return [
        "/",
        project,
        f"{project}?range=today",
        f"{project}?range=12m",
        f"{project}?start=2026-02-31",
        f"{project}{pixel.pk}/",
        f"{project}{quiet.pk}/",
        "/admin/",
        f"{admin}/pixel/",
        f"{admin}/pixel/add/",
        f"{admin}/pixel/several/",
        f"{admin}/pixel/{pixel.pk}/change/",
        f"{admin}/pixel/{pixel.pk}/history/",
        f"{admin}/pixel/{quiet.pk}/delete/",
        f"{admin}/project/",
        f"{admin}/project/add/",
        f"{admin}/project/{pixel.project_id}/change/",
        f"{admin}/project/{pixel.project_id}/delete/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_exists_in_every_language(pixel, take, language):
    now = timezone.now().isoformat()
    take(
        hit(pixel, now, placement="medium", page="https://medium.com/@a/hello"),
        hit(pixel, now, visitor=2, agent=CAMO),
        hit(pixel, now, visitor=3, placement="dev-to", is_end=True),
        *[hit(pixel, "2026-10-01T10:00", visitor=number, country="XX") for number in range(1100)],
    )
    quiet = Pixel.objects.create(project=pixel.project, title="New", placements=["gmail", "forum", "own-place"])
    client = Client(headers={"accept-language": language})
    client.force_login(User.objects.create_superuser("root"))

    for address in pages(pixel, quiet):
        response = client.get(address)
        assert response.status_code == 200, address
        assert f'<html lang="{language}"' in response.content.decode(), address
        assert "Accept-Language" in response.headers["Vary"], address
        assert response.headers["Content-Language"] == language, address


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_failed_login_and_a_missing_page_are_answered_in_every_language(db, client, language):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    login = client.post("/login/", {"username": "nobody", "password": "wrong"})
    missing = client.get("/nowhere/")

    assert (login.status_code, missing.status_code) == (200, 404)
    for response in (login, missing):
        assert f'<html lang="{language}"' in response.content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_server_error_page_exists_in_every_language(language):
    with translation.override(language):
        assert f'<html lang="{language}"' in server_error(HttpRequest()).content.decode()


# Choosing one


def test_every_page_offers_every_language_by_its_own_name(owner, client):
    client.force_login(owner)
    for address in ("/", "/admin/", "/admin/collector/pixel/"):
        page = client.get(address, follow=True).content.decode()
        offered = re.findall(r'<button name="language" value="([\w-]+)" lang="\1"[^>]*>([^<]+)</button>', page)
        assert offered == list(settings.LANGUAGES), address
        assert page.count('aria-current="true">English</button>') == 1


def test_a_chosen_language_overrides_the_browsers_and_returns_to_the_page(owner, client):
    client.force_login(owner)

    response = client.post("/i18n/setlang/", {"language": "ja", "next": "/projects/blog/?range=7d"})

    assert response.headers["Location"] == "/projects/blog/?range=7d"
    assert '<html lang="ja"' in client.get("/", headers={"accept-language": "de"}).content.decode()


@pytest.mark.parametrize("data", [{"language": "xx"}, {"language": "de\0"}, {"language": ""}, {}])
def test_an_unknown_language_changes_nothing(owner, client, data):
    client.force_login(owner)

    response = client.post("/i18n/setlang/", {**data, "next": "//evil.example/"})

    assert response.headers["Location"] == "/"
    assert '<html lang="en"' in client.get("/").content.decode()


def test_a_reader_gets_the_same_image_in_every_language(pixel, client):
    address = f"/p/{pixel.token}/medium.gif"
    answers = [client.get(address, headers={"accept-language": language}) for language in LANGUAGES]

    for answer in answers:
        assert answer.status_code == 200
        assert answer.content == answers[0].content
        assert answer.headers == answers[0].headers
        assert not {"Vary", "Content-Language", "Set-Cookie"} & set(answer.headers)
        assert not answer.cookies
