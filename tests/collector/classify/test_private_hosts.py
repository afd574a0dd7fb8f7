import pytest

from collector.classify.private_hosts import is_loopback_host, is_private_host


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "localhost:3000", "app.localhost", "localhost.", "localhost.localdomain", "wiki", "wiki:8080",
        "127.0.0.1", "127.8.9.10:8000", "0.0.0.0:5000", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.20:80",
        "169.254.7.7", "100.64.0.1", "100.127.255.254", "[::1]", "[::1]:8000", "[::]", "[fe80::1%25eth0]",
        "[fd12:3456::7]:81", "[fc00::1]", "[::ffff:127.0.0.1]", "[::ffff:c0a8:1]", "printer.local", "shop.test",
        "git.corp", "nas.home.arpa", "gitlab.internal", "router.lan", "wiki.home", "hr.intranet", "a.private",
    ],
)  # fmt: skip
def test_hosts_that_only_people_nearby_can_open_are_private(host):
    assert is_private_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "", "example.org", "example.org:8080", "10.example.org", "127.0.0.1.example.org", "localhost.example.org",
        "local.example", "test.de", "my-localhost.com", "home.example", "arpa.home.org", "9.255.255.255",
        "172.15.0.1", "172.32.0.1", "192.167.1.1", "100.63.255.255", "100.128.0.1", "8.8.8.8:443", "[2606:4700::1111]",
        "[::ffff:8.8.8.8]:80", "corp.com", "internal.dev", "abc.onion", "xn--test-9q5a.de",
    ],
)  # fmt: skip
def test_all_other_hosts_are_public(host):
    assert not is_private_host(host)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [
        ("localhost", True), ("localhost:8000", True), ("blog.localhost.", True), ("127.0.0.1:8000", True),
        ("127.9.9.9", True), ("[::1]:8000", True), ("[::1]", True), ("0.0.0.0", True), ("10.0.0.1", False),
        ("notlocalhost", False), ("example.org", False), ("[2001:db8::1]", False), ("", False),
    ],
)  # fmt: skip
def test_this_computer_itself_is_recognised(host, is_loopback):
    assert is_loopback_host(host) == is_loopback
