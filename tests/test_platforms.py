import re

import pytest

from collector.platforms import (
    DIRECT,
    OTHER,
    PLACEMENT_FORM,
    RESERVED_PLACEMENTS,
    SPARE_COLOURS,
    catalogue,
    platform_colour,
    platform_name,
    platform_of_host,
)


def test_every_platform_of_the_catalogue_is_complete_and_told_apart():
    platforms = catalogue().values()
    for platform in platforms:
        assert PLACEMENT_FORM.fullmatch(platform.slug)
        assert platform.slug not in RESERVED_PLACEMENTS
        assert platform.name
        assert platform.sees.endswith(".")
        assert platform.source
        assert platform.accepts in {"html", "markdown", "rst", "bbcode", "url"}
        assert platform.proxy == platform.proxy.lower()
    hosts = [host for platform in platforms for host in platform.hosts]
    assert len(set(hosts)) == len(hosts)
    assert len({platform.name for platform in platforms}) == len(platforms)


def test_no_two_platforms_share_a_colour():
    colours = [platform.colour for platform in catalogue().values()] + list(SPARE_COLOURS)
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
    assert len(set(colours)) == len(colours)


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("medium.com", "medium"),
        ("author.medium.com", "medium"),
        ("notmedium.com", "notmedium.com"),
        ("medium.com.evil.example", "medium.com.evil.example"),
        ("gist.github.com", "github"),
        ("", ""),
    ],
)
def test_a_host_belongs_to_the_platform_of_its_domain(host, slug):
    assert platform_of_host(host) == slug


def test_what_the_catalogue_does_not_know_has_a_name_and_a_lasting_colour():
    assert platform_name("github") == "GitHub"
    assert platform_name("blog.example.org") == "blog.example.org"
    assert platform_colour("blog.example.org") == platform_colour("blog.example.org")
    assert platform_colour(DIRECT) == platform_colour(OTHER) != platform_colour("github")
