"""What an author may write as own sites, and what is wrong with the rest."""

import pytest

from collector.classify.sites import MAX_HOSTS, MAX_SITES, NO_SITES, read_sites, sites_of


@pytest.mark.parametrize(
    ("line", "name", "platform", "hosts"),
    [
        ("My blog: example.com, old.example.net", "My blog", "example.com", ["example.com", "old.example.net"]),
        ("example.com old.example.net", "", "example.com", ["example.com", "old.example.net"]),
        ("Ada: notes: https://www.Example.com/", "Ada: notes", "example.com", ["example.com"]),
        ("Blog: example.com, www.example.com.", "Blog", "example.com", ["example.com"]),
        ("Medium: stories.example.com", "Medium", "medium", ["stories.example.com"]),
        ("stack exchange: qa.example.com", "stack exchange", "stack-exchange", ["qa.example.com"]),
        ("substack: news.example.com", "substack", "substack", ["news.example.com"]),
        ("My blog: alice.github.io", "My blog", "alice.github.io", ["alice.github.io"]),
        ("\u535a\uff1aexample.com\uff0cb\u00fc.example", "\u535a", "example.com", ["example.com", "xn--b-eha.example"]),
        ("Stra\u00dfe: stra\u00dfe.example", "Stra\u00dfe", "xn--strae-oqa.example", ["xn--strae-oqa.example"]),
        ("Wiki: my_wiki.example.com", "Wiki", "my_wiki.example.com", ["my_wiki.example.com"]),
        ("Wiki: http://Wiki:8080/, wiki.corp:8080", "Wiki", "wiki", ["wiki", "wiki.corp"]),
        ("Drafts: localhost:3000", "Drafts", "localhost", ["localhost"]),
    ],
)  # fmt: skip
def test_a_line_is_a_site(line, name, platform, hosts):
    sites, problems = read_sites(f"\n{line}\n")

    assert problems == []
    assert [(site.name, site.platform, list(site.hosts)) for site in sites.listed] == [(name, platform, hosts)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("My blog: example", "Line 1: “example” is not a host. Write one like blog.example.com."),
        ("a.example\nMy blog: example.com/blog", "Line 2: “example.com/blog” is not a host."),
        ("Blog: http://medium", "Line 1: “medium” is not a host."),  # would pass for the platform
        ("Blog: exa mple.com", "Line 1: “exa” is not a host."),
        ("Blog: *.example.com", "Line 1: “*.example.com” is not a host."),
        ("Blog: -a.example", "Line 1: “-a.example” is not a host."),
        ("Blog: a\u202e.example", "is not a host."),
        ("Blog:", "Line 1: Write hosts after the colon"),
        ("Blog: medium.com", "Line 1: “medium.com” belongs to Medium. List only hosts of your own."),
        ("Blog: www.github.com", "Line 1: “github.com” belongs to GitHub."),
        ("A: a.example\nB: www.a.example", "Line 2: “a.example” is listed twice."),
        ("Blog: a.example\nBLOG: b.example", "Line 2: “BLOG” is listed twice."),
        (" ".join(f"a{n}.example" for n in range(MAX_HOSTS + 1)), "Line 1: List at most 50 hosts in one line."),
        ("\n".join(f"a{n}.example" for n in range(MAX_SITES + 1)), "List at most 50 sites."),
        (f"{'x' * 101}: a.example", "Line 1: Write a name of at most 100 characters."),
    ],
)  # fmt: skip
def test_a_wrong_line_says_what_is_wrong(text, problem):
    _sites, problems = read_sites(text)

    assert len(problems) == 1
    assert problem in problems[0]


def test_a_platform_may_have_several_own_hosts_each_with_pages_of_its_own():
    sites = sites_of("Substack: a.example\nSubstack: b.example")

    assert [sites.canonical(host) for host in ("a.example", "b.example")] == ["a.example", "b.example"]
    assert sites.platform_of("b.example") == "substack"
    assert sites.name_of("substack") == ""


def test_what_was_stored_without_a_check_leaves_out_what_is_wrong():
    sites = sites_of("Blog: medium.com\nnonsense\nBlog: a.example")

    assert [site.hosts for site in sites.listed] == [("a.example",)]
    assert sites_of("") is NO_SITES
    assert sites_of("Blog: a.example") is sites_of("Blog: " + "a.example")
