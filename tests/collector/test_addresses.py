"""Who can reach an address that people copy."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from collector.addresses import address_warning, origin_of
from collector.models import ShareLink

COMPUTER, NETWORK, NOT_HTTPS = "only on this computer", "only in your own network", "is not https"


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("http://localhost:8000", COMPUTER),
        ("https://localhost", COMPUTER),
        ("http://blog.localhost:8000", COMPUTER),
        ("http://127.0.0.1:8000", COMPUTER),
        ("http://127.8.9.1", COMPUTER),
        ("http://[::1]:8000", COMPUTER),
        ("http://0.0.0.0:8000", COMPUTER),
        ("http://192.168.1.5:8000", NETWORK),
        ("https://10.0.0.3", NETWORK),
        ("http://172.31.0.1", NETWORK),
        ("http://100.64.0.1", NETWORK),
        ("http://169.254.1.1", NETWORK),
        ("http://[fd00::1]", NETWORK),
        ("https://nas", NETWORK),
        ("https://nas.local", NETWORK),
        ("https://hits.home.arpa/footfall", NETWORK),
        ("http://hits.example.org", NOT_HTTPS),
        ("http://8.8.8.8/footfall", NOT_HTTPS),
        ("https://hits.example.org", ""),
        ("https://www.example.org/footfall", ""),
        ("https://localhost.example.org", ""),
        ("https://[2a00:1450:4001::1]", ""),
    ],
)
def test_a_warning_says_who_can_not_reach_an_address(base, says):
    warning = address_warning(base)

    assert says in warning
    assert bool(warning) is bool(says)
    if says:
        assert warning.startswith(f"{base} ")
        assert "set PUBLIC_URL to" in warning or "Set PUBLIC_URL to" in warning


def test_programs_may_use_http_but_not_an_address_of_one_computer():
    assert address_warning("http://hits.example.org", is_for_images=False) == ""
    assert COMPUTER in address_warning("http://localhost:8000", is_for_images=False)


def test_paths_from_reverse_follow_the_origin():
    assert origin_of("https://www.example.org:8443/footfall") == "https://www.example.org:8443"


def test_create_pixel_warns_beside_its_output(settings, owner, project):
    settings.PUBLIC_URL = ""
    out, err = StringIO(), StringIO()

    call_command("create_pixel", "blog", "Hello", "--json", stdout=out, stderr=err)

    assert COMPUTER in err.getvalue()
    assert json.loads(out.getvalue())["title"] == "Hello"


@pytest.mark.parametrize(("kind", "says"), [("article", NOT_HTTPS), ("app", "")])
def test_create_pixel_does_not_ask_programs_for_https(settings, owner, project, kind, says):
    settings.PUBLIC_URL = "http://hits.example.org"
    err = StringIO()

    call_command("create_pixel", "blog", "Hello", "--kind", kind, stdout=StringIO(), stderr=err)

    assert ("Warning" in err.getvalue()) is bool(says)
    assert says in err.getvalue()


@pytest.mark.parametrize(("public_url", "says"), [("", COMPUTER), ("http://hits.example.org", NOT_HTTPS)])
@pytest.mark.parametrize(
    "address",
    [
        "/projects/blog/{pixel}/snippets/",
        "/projects/blog/snippets/",
        "/projects/blog/{pixel}/",
        "/admin/collector/pixel/{pixel}/change/",
    ],
)
def test_pages_with_snippets_show_the_warning(client, owner, pixel, settings, address, public_url, says):
    client.force_login(owner)
    address = address.format(pixel=pixel.pk)
    settings.PUBLIC_URL = public_url
    page = client.get(address, headers={"Host": "localhost:8000"}).content.decode()
    settings.PUBLIC_URL = "https://hits.example.org"
    without = client.get(address).content.decode()

    assert page.count(says) == 1
    assert not any(text in without for text in (COMPUTER, NETWORK, NOT_HTTPS))


def test_a_share_link_warns_too(client, owner, project, settings):
    client.force_login(owner)
    settings.PUBLIC_URL = "http://192.168.1.5"
    link = ShareLink.objects.create(project=project, name="Readers")
    assert NETWORK in client.get(f"/admin/collector/sharelink/{link.pk}/change/").content.decode()


def test_a_program_page_warns_before_its_client_is_made(client, owner, program, settings):
    client.force_login(owner)
    settings.PUBLIC_URL = "http://192.168.1.5"
    for address in (f"/projects/blog/{program.pk}/", f"/admin/collector/pixel/{program.pk}/change/"):
        assert NETWORK in client.get(address).content.decode(), address
