"""`manage.py create_pixel`."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from collector.models import Membership, Pixel, Project, Role

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def public_url(settings):
    settings.PUBLIC_URL = "https://hits.example.org"


def run(*args: str) -> tuple[str, str]:
    """Run the command; return its output on stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    call_command("create_pixel", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.mark.every_database
def test_it_creates_project_and_pixel_and_prints_what_to_paste():
    out, err = run("my-blog", "Hello", "--placement", "medium")

    pixel = Pixel.objects.get()
    assert (pixel.project.slug, pixel.project.name) == ("my-blog", "My blog")
    assert (pixel.title, pixel.kind, pixel.placements) == ("Hello", "article", ["medium"])
    assert pixel.token in out
    assert f'<img src="https://hits.example.org/p/{pixel.token}/medium.gif" alt=""' in out
    assert "no owner" in err


def test_it_uses_an_existing_project(project, owner):
    out, err = run("blog", "Hello")

    assert Pixel.objects.get().project == project
    assert f"https://hits.example.org/p/{Pixel.objects.get().token}.gif" in out
    assert err == ""


def test_it_makes_the_numbers_public_on_a_badge_if_told_so():
    out, _ = run("blog", "Hello", "--kind", "readme", "--public-badge", "--json")

    pixel = Pixel.objects.get()
    assert pixel.has_public_badge
    assert json.loads(out)["badge"] == f"https://hits.example.org/p/{pixel.token}/badge.svg"
    assert "/badge.svg\n" in run("blog", "Hi", "--public-badge")[0]


def test_json_is_one_object_with_every_url():
    out, _ = run("blog", "Grüße", "--kind", "readme", "--placement", "github", "pypi", "--json")

    pixel = Pixel.objects.get()
    base = f"https://hits.example.org/p/{pixel.token}"
    answer = json.loads(out)
    assert set(answer) == {"project", "title", "kind", "token", "id", "urls", "snippets"}
    assert (answer["project"], answer["title"], answer["kind"]) == ("blog", "Grüße", "readme")
    assert (answer["token"], answer["id"]) == (pixel.token, pixel.pk)
    assert answer["urls"] == {"github": f"{base}/github.gif", "pypi": f"{base}/pypi.gif"}
    assert [set(snippet) for snippet in answer["snippets"]] == [
        {"placement", "platform", "url", "html", "markdown"},
        {"placement", "platform", "url", "html", "markdown"},
    ]
    assert answer["snippets"][0]["platform"] == "GitHub"
    assert answer["snippets"][1]["markdown"] == f"![]({base}/pypi.gif)"


def test_json_of_a_pixel_without_placements_has_the_plain_url():
    answer = json.loads(run("blog", "Hello", "--json")[0])

    assert answer["urls"] == {"": f"https://hits.example.org/p/{answer['token']}.gif"}


@pytest.mark.parametrize(
    "args",
    [
        ("--placement", "medium", "dev-to", "github"),
        ("--placement", "medium", "--placement", "dev-to", "--placement", "github"),
        ("--placement", "medium", "dev-to", "--placement", "github", "medium"),
    ],
)
def test_placements_may_be_repeated_and_listed(args):
    run("blog", "Hello", *args)

    assert Pixel.objects.get().placements == ["medium", "dev-to", "github"]


def test_a_second_run_starts_without_the_placements_of_the_first():
    run("blog", "One", "--placement", "medium")
    run("blog", "Two")

    assert Pixel.objects.get(title="Two").placements == []


def test_the_owner_of_a_new_project_sees_it(stranger):
    _, err = run("blog", "Hello", "--owner", "stranger")

    assert Project.objects.owned_by(stranger).get().slug == "blog"
    assert err == ""


def test_the_owner_may_be_named_again(stranger):
    run("blog", "One", "--owner", "stranger")
    run("blog", "Two", "--owner", "stranger")

    assert Membership.objects.filter(user=stranger, role=Role.OWNER).count() == 1


def test_naming_an_owner_does_not_give_them_an_existing_project(project, viewer):
    with pytest.raises(CommandError, match=r"“viewer” doesn't own it\. Leave out --owner, or make “viewer” an owner"):
        run("blog", "Hello", "--owner", "viewer")

    assert not Project.objects.owned_by(viewer).exists()
    assert not Pixel.objects.exists()


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("my blog", "Hello"), "Use letters, digits and hyphens"),
        (("", "Hello"), "Use letters, digits and hyphens"),
        (("x" * 61, "Hello"), "61 characters. Use at most 60"),
        (("blog", " "), "title is empty"),
        (("blog", "x" * 201), "201 characters. Use at most 200"),
        (("blog", "two\nlines"), "one line of plain text"),
        (("blog", "\udcff"), "one line of plain text"),
        (("blog", "Hello", "--kind", "poem"), "Use one of article, readme, newsletter, app"),
        (("blog", "Hello", "--placement", "My Blog"), "such as my-blog"),
        (("blog", "Hello", "--placement", "medium", "end"), "such as my-end"),
        (("blog", "Hello", "--placement", ""), "can't name a platform"),
        (("blog", "Hello", "--placement", "a" * 41), "up to 40"),
        (("blog", "Hello", "--placement", "medium\n"), "such as medium"),
        (("blog", "Hello", "--placement", *(f"p{n}" for n in range(41))), "at most 40 platforms, not 41"),
        (("blog", "Hello", "--owner", "nobody"), "There is no user “nobody”"),
        (("blog", "Hello", "--owner", ""), "There is no user “”"),
    ],
)
def test_the_error_for_invalid_input_says_what_to_write_and_nothing_is_created(args, says):
    with pytest.raises(CommandError, match=says):
        run(*args)

    assert not Project.objects.exists()
    assert not Pixel.objects.exists()


def test_it_checks_the_arguments_of_a_call_from_code():
    with pytest.raises(CommandError, match="not a kind of pixel"):
        call_command("create_pixel", "blog", "Hello", kind="poem")

    assert not Project.objects.exists()
