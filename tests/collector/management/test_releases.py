"""`manage.py releases`: what it stores, and which addresses it does not ask."""

import socket
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from collector.management import download as downloads
from collector.management.download import DownloadError, download
from collector.models import Declaration
from collector.programs.declaring import declared_program
from tests.collector.programs.test_releases import ATOM, PYPI

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("releases", "blog", "paperclip", *arguments, stdout=out)
    return out.getvalue()


def releases() -> list[str]:
    declaration = Declaration.objects.select_related("pixel").get()
    program = declared_program(declaration.pixel)
    return sorted(program.versions.released) if program else []


@pytest.mark.every_database
def test_it_adds_what_is_new_and_replaces_on_request(tmp_path, program):
    feed, registry = tmp_path / "feed.atom", tmp_path / "pypi.json"
    feed.write_text(ATOM)
    registry.write_text(PYPI.replace("2.4.1", "2.5.0"))

    assert "has 2 releases, 2 of them new" in run(str(feed))
    assert releases() == ["2.4.0", "2.4.1"]
    assert "2.5.0  2026-11-12" in run(str(registry))
    assert releases() == ["2.4.0", "2.4.1", "2.5.0"]
    run(str(registry), "--replace")
    assert releases() == ["2.5.0"]


@pytest.mark.parametrize("content", [None, b"", b"<html></html>", b"x" * (downloads.MAX_BYTES + 1)])
def test_what_can_not_be_read_changes_nothing(tmp_path, program, content):
    file = tmp_path / "feed"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError):
        run(str(file))
    assert releases() == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://feeds.example/releases", "https://"),
        ("ftp://feeds.example/releases", "https://"),
        ("https://", "https://"),
        ("https://[::1]/releases", "not a public address"),
        ("https://127.0.0.1/releases", "not a public address"),
        ("https://10.0.0.7:8443/releases", "not a public address"),
        ("https://169.254.169.254/latest", "not a public address"),
        ("https://100.64.0.1/", "not a public address"),
        ("https://[fd00::1]/", "not a public address"),
        ("https://[::ffff:127.0.0.1]/", "not a public address"),
        ("https://localhost/releases", "not a public address"),
    ],
)
def test_only_public_addresses_are_asked_and_only_over_https(url, reason):
    with pytest.raises(DownloadError, match=reason):
        download(url)


def test_a_name_is_refused_if_any_of_its_addresses_is_private(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("193.99.144.80", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(DownloadError, match=r"10\.0\.0\.7"):
        download("https://feeds.example/releases.atom")


def test_a_redirect_is_checked_like_the_first_address(monkeypatch):
    fetched = []

    def fetch(url, ends_at):
        fetched.append(url)
        return (None, "https://127.0.0.1/secret") if len(fetched) == 1 else real(url, ends_at)

    real = downloads._fetch
    monkeypatch.setattr(downloads, "_fetch", fetch)
    with pytest.raises(DownloadError, match="not a public address"):
        download("https://feeds.example/releases.atom")
    assert len(fetched) == 2
