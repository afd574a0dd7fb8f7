"""What was released when: feeds and registries as they answer, and what is no release."""

import json
from datetime import date, timedelta

import pytest

from collector.programs.program import Versions
from collector.programs.releases import (
    MAX_RELEASES,
    UnreadableError,
    as_stored,
    merged,
    read_releases,
    stored_releases,
    version_in,
)

DAY = date(2026, 11, 12)
ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="en-US">
  <link type="text/html" rel="alternate" href="https://github.com/example/paperclip/releases"/>
  <title>Release notes from paperclip</title>
  <updated>2026-11-20T09:00:00Z</updated>
  <entry>
    <id>tag:github.com,2008:Repository/1/v2.4.1</id>
    <updated>2026-11-12T23:30:00-02:00</updated>
    <link rel="alternate" type="text/html" href="https://github.com/example/paperclip/releases/tag/v2.4.1"/>
    <title>Version 2.4.1: paper &amp; clips</title>
  </entry>
  <entry>
    <updated>2026-10-01T08:00:00Z</updated>
    <link rel="alternate" type="text/html" href="https://github.com/example/paperclip/releases/tag/paperclip%402.4.0"/>
    <title>Nightly</title>
  </entry>
  <entry>
    <updated>2026-10-02T08:00:00Z</updated>
    <link rel="alternate" type="text/html" href="https://github.com/example/paperclip/releases/tag/nightly"/>
    <title>nightly</title>
  </entry>
</feed>"""
RSS = """<rss version="2.0"><channel><title>PyPI release updates for paperclip</title>
<item><title>2.4.1</title><link>https://pypi.org/project/paperclip/2.4.1/</link>
<description>Clips</description><pubDate>Thu, 12 Nov 2026 10:00:00 GMT</pubDate></item>
<item><title>2.5.0rc1</title><link>https://pypi.org/project/paperclip/2.5.0rc1/</link>
<pubDate>Fri, 13 Nov 2026 10:00:00 +0000</pubDate></item></channel></rss>"""
PYPI = json.dumps(
    {
        "info": {"version": "2.4.1"},
        "releases": {
            "2.4.1": [
                {"upload_time": "2026-11-13T10:00:00", "upload_time_iso_8601": "2026-11-13T10:00:00.123456Z"},
                {"upload_time": "2026-11-12T10:00:00", "upload_time_iso_8601": "2026-11-12T10:00:00.123456Z"},
                {"upload_time": "2026-11-14T10:00:00"},
            ],
            "2.4.0": [],
        },
    }
)
NPM = json.dumps(
    {
        "name": "paperclip",
        "versions": {"2.4.1": {}},
        "time": {
            "created": "2020-01-01T00:00:00.000Z",
            "2.4.1": "2026-11-12T10:00:00.000Z",
            "2.3.9": "2026-01-12T10:00:00.000Z",
        },
    }
)
API = json.dumps(
    [
        {"tag_name": "v2.4.1", "published_at": "2026-11-12T10:00:00Z", "draft": False},
        {"tag_name": "v2.5.0", "published_at": None, "created_at": "2026-11-20T10:00:00Z", "draft": True},
        {"tag_name": "v2.4.0", "released_at": "2026-10-01T10:00:00.000+02:00"},
    ]
)


@pytest.mark.parametrize(
    ("content", "releases"),
    [
        (ATOM, {"2.4.1": date(2026, 11, 13), "2.4.0": date(2026, 10, 1)}),
        (RSS, {"2.4.1": DAY, "2.5.0rc1": date(2026, 11, 13)}),
        (PYPI, {"2.4.1": DAY}),
        (NPM, {"2.4.1": DAY}),
        (API, {"2.4.1": DAY, "2.4.0": date(2026, 10, 1)}),
    ],
)
def test_feeds_and_registries_say_what_was_released(content, releases):
    assert read_releases(content.encode()) == releases


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[" * 100_000, "[1]", '{"releases": {"x": 1}}', '{"time": []}', "<feed/>", "<feed>", "\0",
        '<!DOCTYPE feed [<!ENTITY a "aaaa">]><feed>&a;</feed>', "<html>2.4.1</html>", '{"releases": null}', "nul",
        '[{"tag_name": "v2.4.1", "published_at": 5}]', '[{"tag_name": "v2.4.1", "published_at": "yesterday"}]',
    ],
)  # fmt: skip
def test_what_names_no_release_is_refused(content):
    with pytest.raises(UnreadableError):
        read_releases(content.encode())


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("v2.4.1", "2.4.1"), ("2.4.1", "2.4.1"), ("V2.4.1", "2.4.1"), ("release-2.4.1", "2.4.1"),
        ("paperclip@2.4.1", "2.4.1"), ("log4j-2.4.1-rc1", "2.4.1-rc1"), ("2.4.1+build.7", "2.4.1"),
        ("Release 2.4.1", "2.4.1"), ("nightly", ""), ("v2.4.1-1", ""), ("2.4.1-2.4.2", ""), ("1.2.3.4.5", ""),
        ("9" * 60, ""),
    ],
)  # fmt: skip
def test_a_tag_names_a_version(tag, version):
    assert version_in(tag) == version


def test_releases_are_added_to_those_read_before_and_the_latest_are_kept():
    many = {f"1.{number}": DAY + timedelta(number) for number in range(MAX_RELEASES)}
    assert merged({"2.4.1": DAY, "2.4.0": DAY}, {"2.4.1": DAY + timedelta(1)}) == {"2.4.1": DAY, "2.4.0": DAY}
    assert merged({"0.1": DAY - timedelta(1)}, many) == many
    assert stored_releases(as_stored(many)) == many
    assert stored_releases("") == {}


@pytest.mark.parametrize(
    ("versions", "counted"),
    [
        (Versions(), {"2.4.1": "2.4.1", "9.9": "9.9"}),
        (Versions(newest="2.4.1"), {"2.4.1": "2.4.1", "9.9": "9.9"}),
        (
            Versions(newest="2.4.1", withdrawn=("2.3.1",), released={"2.4.0": DAY}),
            {"2.4.1": "2.4.1", "2.4.0": "2.4.0", "2.3.1": "2.3.1", "9.9": "other", "other": "other", "": "other"},
        ),
    ],
)
def test_only_released_versions_count_apart_where_anything_says_what_was_released(versions, counted):
    assert {version: versions.counted_as(version) for version in counted} == counted
