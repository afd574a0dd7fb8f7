"""Picking platforms: what the list offers, in which order, and what a form takes."""

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict

from collector.classify.platforms import KINDS, usual_platforms
from collector.models import Pixel, Project
from collector.platform_picker import (
    MAX_READ,
    PlatformPicker,
    PlatformsField,
    PlatformsForm,
    make_picker,
    most_used_platforms,
)


class ArticleForm(PlatformsForm):
    class Meta:
        model = Pixel
        fields = ["kind", "placements"]


def groups(chosen, most_used) -> dict[str, list[str]]:
    picker = make_picker("placements", chosen, most_used)
    return {group.heading: [option.placement for option in group.options] for group in picker.groups}


def test_chosen_platforms_come_first_then_the_most_used_then_each_kind():
    offered = groups(["quora", "medium"], ["medium", "team-wiki"])
    assert list(offered) == ["Chosen", "Most used", *KINDS.values()]
    assert (offered["Chosen"], offered["Most used"]) == (["quora"], ["medium", "team-wiki"])
    assert offered["Code and packages"][:3] == ["github", "gitlab", "bitbucket"]


def test_an_option_says_what_its_platform_lets_through():
    (option,) = make_picker("placements", [], ["medium"]).groups[0].options
    assert (option.level, option.level_name) == ("few", "Few visits or none")
    assert "keeps its own copy" in option.sees
    assert "link to it from Medium" in option.instead


@pytest.mark.django_db
def test_platforms_that_many_articles_have_are_the_most_used(django_assert_num_queries):
    project = Project.objects.create(name="Blog", slug="blog")
    for placements in (["qiita"], ["zenn", "image-proxy"], ["team-wiki", "zenn"], []):
        Pixel.objects.create(project=project, title="x", placements=placements)
    with django_assert_num_queries(1):
        used = most_used_platforms(project.pixels.all())
    assert used[0] == "zenn"
    assert set(used[1:3]) == {"qiita", "team-wiki"}
    assert used[3:] == usual_platforms()[:5]


@pytest.mark.parametrize(
    ("sent", "placements"),
    [
        ("", []),
        ("placements=medium&placements=github", ["medium", "github"]),
        ("placements=medium&own=Team-Wiki,+print%0Amedium", ["medium", "team-wiki", "print"]),
    ],
)
def test_picked_and_typed_platforms_become_one_list(sent, placements):
    field = PlatformsField(required=False)
    assert field.clean(PlatformPicker().value_from_datadict(QueryDict(sent), {}, "placements")) == placements


@pytest.mark.parametrize(
    ("placements", "says"),
    [
        (["medium", "my blog"], "such as my-blog"),
        (["end"], "is reserved"),
        (["image-proxy"], "is not a platform you can publish on"),
        ([f"p{number}" for number in range(41)], "at most 40 platforms"),
    ],
)
def test_what_can_not_be_a_platform_is_refused_with_advice(placements, says):
    with pytest.raises(ValidationError, match=says):
        PlatformsField(required=False).clean(placements)


@pytest.mark.parametrize(("kind", "checked"), [("article", []), ("readme", ["github"]), ("newsletter", ["newsletter"])])
def test_a_new_pixel_begins_with_the_platforms_of_its_kind(kind, checked):
    form = ArticleForm(initial={"kind": kind})
    assert form["placements"].value() == checked
    assert "data-preselected" in str(form["placements"])
    chosen = ArticleForm(initial={"kind": kind, "placements": ["medium"]})
    assert chosen["placements"].value() == ["medium"]


@pytest.mark.django_db
def test_the_platforms_of_a_pixel_that_exists_do_not_change_with_its_kind():
    pixel = Pixel.objects.create(project=Project.objects.create(name="Blog", slug="blog"), title="x")
    form = ArticleForm(instance=pixel)
    assert form["placements"].value() == []
    assert "data-preselected" not in str(form["placements"])


def test_of_a_flood_of_names_only_the_first_are_read():
    sent = QueryDict(f"placements=medium&own={'+'.join(f'name-{number}' for number in range(20_000))}")
    placements = PlatformPicker().value_from_datadict(sent, {}, "placements")
    assert len(placements) == MAX_READ
    with pytest.raises(ValidationError, match="at most 40"):
        PlatformsField().clean(placements)
