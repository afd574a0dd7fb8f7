"""Pages of the wild, patterns of hosts, and that no line of the catalogues is written for nothing."""

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from collector.classify import platforms
from collector.classify.platforms import (
    ANY_DOMAIN,
    catalogue,
    is_named,
    named_platforms,
    platform_name,
    platform_of_host,
    showing_others,
)
from collector.storage.attribution import credit, elsewhere

KINDS = {
    "social", "assistant", "mail", "search", "feed", "viewer", "chat", "video", "blog", "newsletter", "forum",
    "hosting", "builder", "document", "code", "store", "funding", "maker", "science", "link", "other",
}  # fmt: skip
LINES = Path(__file__).with_name("pages.tsv").read_text("utf-8").splitlines()
PAGES = dict(line.split("\t") for line in LINES if not line.startswith("#"))


def hosts_by_slug() -> dict[str, list[str]]:
    """Return the hosts of both catalogues, patterns too. Apps of platforms.toml are none."""
    return {slug: list(platform.hosts) for slug, platform in (named_platforms() | catalogue()).items()}


def test_every_page_is_credited_to_its_platform():
    assert len(PAGES) > 500
    credited = {page: credit("", (), "", page).platform for page in PAGES}
    assert {page: slug for page, slug in credited.items() if slug != PAGES[page]} == {}


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("webmail-513.orange.fr", "orange-mail"),
        ("webmail1f.orange.fr", "orange-mail"),
        ("a.webmail22.orange.fr", "orange-mail"),
        ("webmail.orange.fr", "orange-mail"),
        ("deref-web-02.de", "web-de"),
        ("bucket.s3.eu-west-1.amazonaws.com", "amazon-s3"),
        ("s3-eu-west-1.amazonaws.com", "amazon-s3"),
        ("ec2-1-2-3-4.compute.amazonaws.com", "amazon-web-services"),
        # Whole labels, whole hosts.
        ("notwebmail12.orange.fr", "orange"),
        ("webmail12.orange.fr.evil.com", "webmail"),
        ("a.webmail12.orange.fr.evil.com", "evil.com"),
        ("mywebmail.example.com", "example.com"),
        # The longest domain of a line wins over a pattern, and every line over a pattern of any domain.
        ("mail.google.com", "gmail"),
        ("accounts.google.com", "google-services"),
        ("google.com", "google"),
        ("www.google.com", "google"),
        ("webmail.sfr.fr", "sfr-mail"),
        ("webmail.alice.github.io", "github-pages"),
        # Any domain, but only below a registered one.
        ("webmail.example.com", "webmail"),
        ("webmail3.cs.example.ac.uk", "webmail"),
        ("roundcube.example.org:8443", "webmail"),
        ("webmail.com", "webmail.com"),
        ("webmail.co.uk", "webmail.co.uk"),
        ("webmail.alice.github.com.example.com", "webmail"),
        ("gitlab.example.com", "gitlab"),
        ("mastodon.example.com", "mastodon"),
        ("webmail", "webmail"),
        ("*", "*"),
        ("*.orange.fr", "orange"),
        ("webmail*.example.com", "webmail"),
    ],
)
def test_a_pattern_names_whole_hosts(host, slug):
    assert platform_of_host(host) == slug


def test_patterns_have_a_fixed_part_that_a_stranger_can_not_have_by_chance():
    for hosts in hosts_by_slug().values():
        for host in hosts:
            fixed = host.replace("*", "").strip(".-")
            assert len(fixed) >= 3, host
            assert "**" not in host
            assert not host.endswith("*") or host.endswith(ANY_DOMAIN), host


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("www.blog.example.co.uk", "example.co.uk"),
        ("blog.alice.dev", "alice.dev"),
        ("a.b.example.com.au:8080", "example.com.au"),
        ("www.alice.uk.com", "alice.uk.com"),  # the private section
        ("uk.com", "uk.com"),
        ("co.uk", "co.uk"),
        ("b.c.kobe.jp", "b.c.kobe.jp"),  # a rule with a wildcard
        ("www.city.kobe.jp", "city.kobe.jp"),  # and its exception
        ("www.食狮.com.cn", "xn--85x722f.com.cn"),
        ("wiki.corp.internal", "corp.internal"),
        ("nas.local", "nas.local"),
        ("localhost:3000", "localhost"),
        ("10.0.0.7", "10.0.0.7"),
        ("[2001:db8::7]:443", "[2001:db8::7]:443"),
        ("a..b.com", "a..b.com"),
        ("com.example.reader", "com.example.reader"),
    ],
)
def test_what_no_catalogue_names_is_its_registrable_domain(host, slug):
    assert platform_of_host(host) == slug
    assert platform_name(slug) == slug
    assert not is_named(slug)


labels = st.text(st.sampled_from("abcmo0-_*[]:é食."), max_size=12)
endings = st.sampled_from(["", ".com", ".co.uk", ".github.io", ".orange.fr", ".kobe.jp", ".example", ".app", ".0"])


@settings(deadline=None)  # the first host reads the catalogues
@example(host="[é:")
@example(host="..")
@given(host=st.builds("{}{}".format, labels, endings) | st.text(max_size=300))
def test_any_host_has_a_platform_which_is_its_own(host):
    slug = platform_of_host(host)

    assert is_named(slug) or platform_of_host(slug) == slug


@pytest.mark.parametrize(
    ("page", "platform"),
    [
        ("android-app://com.example.app/", "com.example.app"),
        ("android-app://com.example.blog/a", "com.example.blog"),
        ("android-app://com.slack/", "slack"),
        ("https://com.example.app/", "example.app"),
        ("https://de.example.org/", "example.org"),
        ("https:///", "(direct)"),
        ("", "(direct)"),
    ],
)
def test_an_app_is_a_platform_by_its_whole_package(page, platform):
    assert credit("", (), "", page).platform == platform


@pytest.mark.parametrize("placement", ["medium", "substack", "github"])
@pytest.mark.parametrize(
    "host",
    [
        "mail.google.com", "webmail-513.orange.fr", "webmail.example.com", "deref-gmx.net", "feedly.com",
        "app.wallabag.it", "www.instapaper.com", "medium-com.translate.goog", "translate.google.de",
        "webcache.googleusercontent.com",
    ],
)  # fmt: skip
def test_what_shows_other_sites_is_not_listed_as_elsewhere(placement, host):
    assert platform_of_host(host) in showing_others()
    assert elsewhere(placement, host) == ""


@pytest.mark.parametrize(
    ("placement", "host", "listed"),
    [
        ("medium", "levelup.gitconnected.com", ""),
        ("vercel", "my-app-git-main.vercel.app", ""),
        ("gitlab", "gitlab.example.com", ""),
        ("medium", "my-app.vercel.app", "my-app.vercel.app"),
        ("medium", "www.copycat.co.uk", "www.copycat.co.uk"),
        ("medium", "archive.org", "archive.org"),
    ],
)
def test_elsewhere_compares_platforms_and_names_the_host(placement, host, listed):
    assert elsewhere(placement, host) == listed


def test_every_line_has_a_kind():
    assert {platform.kind for platform in named_platforms().values()} == KINDS


def test_no_host_is_written_in_two_lines():
    seen: dict[str, str] = {}
    for slug, hosts in hosts_by_slug().items():
        for host in hosts:
            assert host == host.lower()
            assert seen.setdefault(host, slug) == slug, host
        assert len(hosts) == len(set(hosts)), slug


@pytest.fixture
def slugs_and_patterns(monkeypatch):
    """Return copies of the tables that hosts are looked up in, and use them."""
    slugs = dict(platforms._slugs_by_host())
    patterns = {domain: list(rows) for domain, rows in platforms._patterns().items()}
    monkeypatch.setattr(platforms, "_slugs_by_host", lambda: slugs)
    monkeypatch.setattr(platforms, "_patterns", lambda: patterns)
    return slugs, patterns


def test_no_host_is_the_ending_of_other_peoples_domains():
    registries = PublicSuffixList(accept_unknown=False, only_icann=True)
    hosts = [host for hosts in hosts_by_slug().values() for host in hosts]
    assert [host for host in hosts if registries.is_public(host.removeprefix("*."))] == []


def test_no_host_is_dead(slugs_and_patterns):
    """Without it, its pages would belong to another platform."""
    slugs, patterns = slugs_and_patterns
    dead = []
    for slug, hosts in hosts_by_slug().items():
        for host in hosts:
            if host.endswith(ANY_DOMAIN):
                continue
            domain = host.rpartition("*")[2].partition(".")[2]
            rows = patterns.get(domain, []) if "*" in host else []
            row = next((row for row in rows if row[0].fullmatch(host)), None)
            del slugs[host]
            if row:
                rows.remove(row)
            samples = (host.replace("*", "x"), "www." + host.replace("*", "x"))
            if all(platform_of_host.__wrapped__(sample) == slug for sample in samples):
                dead.append(host)
            slugs[host] = slug
            if row:
                rows.append(row)
    assert dead == []


def test_every_host_leads_to_its_own_platform():
    """No pattern and no longer domain takes what a line names."""
    wrong = {
        host: (slug, platform_of_host(host.replace("*", "x")))
        for slug, hosts in hosts_by_slug().items()
        for host in hosts
        if not host.endswith(ANY_DOMAIN) and platform_of_host(host.replace("*", "x")) != slug
    }
    assert wrong == {}
    for slug, hosts in hosts_by_slug().items():
        for host in hosts:
            if host.endswith(ANY_DOMAIN):
                assert platform_of_host(host.removesuffix(ANY_DOMAIN).replace("*", "7") + ".some-company.com") == slug


def test_a_new_host_costs_less_than_100_microseconds():
    platform_of_host("www.first.example.com")  # reads the catalogues
    began = time.thread_time()  # of the processor: others may be busy
    for number in range(2000):
        platform_of_host(f"www.made-up-{number}.example.co.uk")
    assert (time.thread_time() - began) / 2000 < 100e-6
