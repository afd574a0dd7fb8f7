import json

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from collector.models import Pixel, Project
from collector.models.validators import validate_title
from tests.collector.admin.browsing import logged_in, pixel_form
from tests.server import ROOT

TITLES = json.loads((ROOT / "tests" / "data" / "titles.json").read_text("utf-8"))


def problem_of(title: str) -> str:
    """Return what is wrong with a title, empty if nothing is."""
    try:
        validate_title(title)
    except ValidationError as error:
        return error.messages[0]
    return ""


@pytest.mark.parametrize("name", TITLES)
def test_titles_in_all_the_worlds_writing_are_valid(name):
    validate_title(TITLES[name])


@pytest.mark.parametrize(
    "title",
    [
        "two\nlines", "two\rlines", "tab\there", "bell\x07", "nul\0", "escape\x1b[31m", "next\x85line", "line\u2028end",
        "paragraph\u2029end", "half \ud83d", "\udcff", "no \ufffe", "no \ufdd0", "no \U0001ffff", "open \u202a",
        "open \u202b", "open \u2066", "open \u2067", "open \u2068", "gpj.\u202eexe", "\u202dforced\u202c",
        "\u2067 \u202a \u2069 \u2068", "\u202a \u2069", "\u2067 \u202c",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_title_that_would_change_the_text_around_it_is_refused(title):
    with pytest.raises(ValidationError, match="can't be shown"):
        validate_title(title)


@pytest.mark.parametrize(
    "title",
    ["\u200b", "\u200d\u200c", "\u3000", "\u00a0 \u00a0", "\ufeff", "\u3164", "\u2800", "\u00ad", "\ufe0f", "\u115f"],
)
def test_a_title_of_only_invisible_characters_is_refused(title):
    with pytest.raises(ValidationError, match="only invisible"):
        validate_title(title)


@given(title=st.text(min_size=1, max_size=100).filter(str.isprintable).filter(str.strip))
def test_what_was_valid_before_still_is_unless_it_can_not_be_seen(title):
    assert problem_of(title) in {"", "This has only invisible characters. Write something that people can read."}


@pytest.mark.django_db
def test_every_way_to_name_something_takes_and_refuses_the_same_titles(project, owner, capsys):
    client = logged_in(owner)
    for title in TITLES.values():
        call_command("create_pixel", "blog", title, "--json")
        assert json.loads(capsys.readouterr().out)["title"] == title
    with pytest.raises(CommandError, match="can't be shown"):
        call_command("create_pixel", "blog", "gpj.\u202eexe")
    created = Pixel.objects.count()
    assert created == len(TITLES)

    form = pixel_form(project, title=TITLES["Persian"])
    assert client.post("/admin/collector/pixel/add/", form).status_code == 302
    several = pixel_form(project, titles="\n".join(TITLES.values()))
    assert client.post("/admin/collector/pixel/several/", several).status_code == 302
    assert Pixel.objects.count() == 2 * created + 1

    refused = "This has characters that can&#x27;t be shown"
    form = pixel_form(project, title="gpj.\u202eexe")
    assert refused in client.post("/admin/collector/pixel/add/", form).content.decode()
    several = pixel_form(project, titles="Fine\ngpj.\u202eexe")
    assert refused in client.post("/admin/collector/pixel/several/", several).content.decode()
    assert Pixel.objects.count() == 2 * created + 1


@pytest.mark.django_db
def test_titles_of_all_writing_are_shown_and_exported(project, owner):
    client = logged_in(owner)
    for title in TITLES.values():
        pixel = Pixel.objects.create(project=project, title=title)
        page = client.get(f"/projects/blog/{pixel.pk}/")
        assert page.status_code == 200
        export = client.get(f"/projects/blog/{pixel.pk}/export.csv")
        assert export.headers["Content-Disposition"].isascii()
    snippets = b"".join(client.get("/projects/blog/snippets.csv")).decode()
    assert all(title.splitlines() == [title] and title in snippets for title in TITLES.values())


@pytest.mark.parametrize("model", [Pixel, Project])
def test_names_are_checked_by_the_model(model):
    field = model._meta.get_field("title" if model is Pixel else "name")
    assert validate_title in field.validators
