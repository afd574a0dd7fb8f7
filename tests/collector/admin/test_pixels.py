"""Pixels in the admin, with their forms and lists."""

import re

import pytest
from django.contrib.admin.models import LogEntry

from collector.classify.platforms import catalogue
from collector.models import Membership, Pixel, Project, Role, ShareLink
from tests.collector.admin.browsing import count, pixel_form, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_a_new_pixel_shows_its_snippets(as_owner, project, settings):
    settings.PUBLIC_URL = ""
    form = pixel_form(project, placements=["medium", "dev-to"], own="team-wiki")

    response = as_owner.post("/admin/collector/pixel/add/", form, follow=True)

    pixel = Pixel.objects.get()
    assert pixel.placements == ["medium", "dev-to", "team-wiki"]
    assert response.redirect_chain[-1][0] == f"/admin/collector/pixel/{pixel.pk}/change/"
    page = text_of(response)
    for placement in pixel.placements:
        url = f"http://testserver/p/{pixel.token}/{placement}.gif"
        assert f'data-snippet="url" data-placement="{placement}">{url}</code>' in page
        assert f'data-snippet="markdown" data-placement="{placement}">![]({url})</code>' in page
        assert f'data-snippet="html" data-placement="{placement}">&lt;img src=&quot;{url}&quot; alt=' in page
    assert catalogue()["dev-to"].sees in page


def test_the_pixel_page_writes_ids_without_thousands_separators(as_owner, project):
    pixel = Pixel.objects.create(pk=12345, project=project, title="Late")

    page = text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))

    assert '<input type="hidden" name="_selected_action" value="12345">' in page
    assert 'href="/projects/blog/12345/"' in page


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("My_Blog", "such as my-blog"),
        ("image-proxy", "not a platform you can publish on"),
        ("end", "such as my-end"),
        ("badge", "such as my-badge"),
        ("über", "such as uber"),
        ("a" * 41, "up to 40"),
        ("-x", "such as x"),
        ("../../etc", "such as etc"),
        ("<script>", "such as script"),
        (" ".join(f"p{number}" for number in range(41)), "at most 40 platforms, not 41"),
    ],
)
def test_an_invalid_placement_says_what_to_write(as_owner, project, typed, says):
    page = text_of(as_owner.post("/admin/collector/pixel/add/", pixel_form(project, own=typed)))

    assert says in page
    assert not Pixel.objects.exists()


def test_a_placement_that_is_picked_and_typed_is_stored_once(as_owner, project):
    form = pixel_form(project, placements=["medium"], own="medium, blog,,blog  Team-Wiki")

    as_owner.post("/admin/collector/pixel/add/", form)

    assert Pixel.objects.get().placements == ["medium", "blog", "team-wiki"]


@pytest.mark.every_database
def test_platforms_keep_their_order_when_a_pixel_is_edited(as_owner, project):
    pixel = Pixel.objects.create(project=project, title="x", placements=["github", "team-wiki", "medium"])
    form = pixel_form(project, placements=["gmail", "medium", "github"])

    as_owner.post(f"/admin/collector/pixel/{pixel.pk}/change/", form)

    pixel.refresh_from_db()
    assert pixel.placements == ["github", "medium", "gmail"]


def test_placements_are_shown_as_they_are_stored(as_owner, project):
    pixel = Pixel.objects.create(project=project, title="x", placements=["github", "team-wiki"])

    page = text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))

    assert re.search(r'value="github"[^>]* checked', page)
    assert not re.search(r'value="medium"[^>]* checked', page)
    assert re.search(r'value="team-wiki"[^>]* checked', page)


def test_token_and_dates_can_not_be_edited(as_owner, pixel):
    token = pixel.token
    form = pixel_form(pixel.project, token="mine", retired_at_0="2026-01-01", retired_at="2026-01-01", title="New")

    as_owner.post(f"/admin/collector/pixel/{pixel.pk}/change/", form)

    pixel.refresh_from_db()
    assert (pixel.title, pixel.token, pixel.retired_at) == ("New", token, None)
    assert token in text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))


def test_a_pixel_with_counts_stays_in_its_project(as_owner, owner, pixel):
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=owner, role=Role.OWNER)
    url = f"/admin/collector/pixel/{pixel.pk}/change/"

    as_owner.post(url, pixel_form(other))
    pixel.refresh_from_db()
    assert pixel.project == other

    count(pixel)
    as_owner.post(url, pixel_form(Project.objects.get(slug="blog")))
    pixel.refresh_from_db()
    assert pixel.project == other


def test_a_pixel_that_a_link_shares_stays_in_its_project(as_owner, owner, pixel):
    other = Project.objects.create(name="Second blog", slug="second")
    Membership.objects.create(project=other, user=owner, role=Role.OWNER)
    link = ShareLink.objects.create(project=pixel.project, pixel=pixel, name="For Bo")
    url = f"/admin/collector/pixel/{pixel.pk}/change/"

    as_owner.post(url, pixel_form(other, title="Renamed"))
    pixel.refresh_from_db()
    assert (pixel.project, pixel.title) == (link.project, "Renamed")

    link.delete()
    as_owner.post(url, pixel_form(other))
    pixel.refresh_from_db()
    assert pixel.project == other


@pytest.mark.parametrize("view", ["add", "several"])
def test_users_without_a_project_are_sent_to_create_one(as_stranger, view):
    response = as_stranger.get(f"/admin/collector/pixel/{view}/", follow=True)

    assert response.redirect_chain == [("/admin/collector/project/add/", 302)]
    assert "A pixel belongs to a project" in text_of(response)


@pytest.mark.every_database
def test_each_line_of_a_pasted_list_becomes_a_pixel(as_owner, project):
    form = {"project": project.pk, "kind": "article", "placements": ["medium"], "own": "wiki"}

    response = as_owner.post(
        "/admin/collector/pixel/several/", {**form, "titles": "One\r\n\r\n  Two \nThree"}, follow=True
    )

    assert response.redirect_chain == [("/projects/blog/snippets/", 302)]
    page = text_of(response)
    assert "Created 3 pixels." in page
    assert all(f"/p/{pixel.token}/medium.gif" in page for pixel in Pixel.objects.all())
    assert "Created" not in text_of(as_owner.get("/"))
    assert sorted(Pixel.objects.values_list("title", flat=True)) == ["One", "Three", "Two"]
    assert len({pixel.token for pixel in Pixel.objects.all()}) == 3
    assert all(pixel.placements == ["medium", "wiki"] and pixel.project == project for pixel in Pixel.objects.all())
    assert LogEntry.objects.count() == 3


def test_several_programs_end_on_the_list_because_they_have_no_snippets(as_owner, project):
    form = {"project": project.pk, "kind": "app", "titles": "One"}

    assert as_owner.post("/admin/collector/pixel/several/", form).url == "/admin/collector/pixel/"


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"titles": " \n "}, "This field is required"),
        ({"titles": "Fine\n" + "x" * 201}, "has 201 characters. The limit is 200."),
        ({"titles": "x\n" * 501}, "Paste at most 500"),
        ({"own": "end"}, "such as my-end"),
        ({"kind": "poem"}, "Select a valid choice"),
    ],
)
def test_a_list_with_a_mistake_creates_no_pixel(as_owner, project, changes, says):
    form = {"project": project.pk, "kind": "article", "titles": "One"}

    assert says in text_of(as_owner.post("/admin/collector/pixel/several/", {**form, **changes}))
    assert not Pixel.objects.exists()


def test_several_pixels_can_not_be_put_into_a_foreign_project(as_owner, project, foreign):
    form = {"project": foreign.project_id, "kind": "article", "titles": "One"}

    page = text_of(as_owner.post("/admin/collector/pixel/several/", form))

    assert "Select a valid choice" in page
    assert "secret plans" not in page
    assert Pixel.objects.get() == foreign


@pytest.mark.every_database
def test_the_list_of_pixels_costs_the_same_however_many_there_are(as_owner, project, django_assert_num_queries):
    Pixel.objects.bulk_create(Pixel(project=project, title=f"Article {number}") for number in range(30))

    with django_assert_num_queries(6):
        as_owner.get("/admin/collector/pixel/")


@pytest.mark.every_database
@pytest.mark.parametrize("key", ["9" * 5000, "9" * 20, "-1", "x", "\u00b2", "%00"])
@pytest.mark.parametrize("model", ["pixel", "sharelink"])
def test_a_list_filtered_by_an_impossible_project_is_empty(as_owner, pixel, model, key):
    ShareLink.objects.create(project=pixel.project, name="Hello")

    answer = as_owner.get(f"/admin/collector/{model}/?project={key}")

    assert answer.status_code == 200
    assert "Hello" not in text_of(answer)


@pytest.mark.parametrize(
    ("fields", "fewest"),
    [
        ({}, 10), ({"words": 1000}, 63), ({"words": 1000, "min_reading_seconds": 20}, 20),
        ({"words": 0}, 10), ({"words": 1_000_001}, 10), ({"min_reading_seconds": 2}, 10),
    ],
)  # fmt: skip
def test_an_article_can_have_a_length_or_a_minimum_reading_time_of_its_own(as_owner, pixel, fields, fewest):
    as_owner.post(f"/admin/collector/pixel/{pixel.pk}/change/", pixel_form(pixel.project) | fields)

    assert Pixel.objects.get().fewest_reading_seconds() == fewest
