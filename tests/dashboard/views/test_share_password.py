"""The password of a share link: who is let in, and who has to wait."""

import logging
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.db import OperationalError
from django.test import Client

from collector.models import ShareLink, TryCount
from tests.collector.admin.browsing import text_of
from tests.dashboard.conftest import NOON
from tests.dashboard.views.share_links import PASSWORD, share, url

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon", "empty_cache")]


def enter(client: Client, link: ShareLink, password: str = PASSWORD, query: str = "", **headers: str):
    return client.post(url(link, query), {"password": password}, **headers)


def test_the_password_is_asked_before_anything_is_shown(client, visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    page = text_of(client.get(url(link)))

    assert 'type="password"' in page
    for word in ("Blog", "Hello", "Medium", "For Bo", "data-figure"):
        assert word not in page


def test_the_right_password_opens_the_page_and_sets_a_cookie(client, visited_pixel):
    link = share(visited_pixel, password=PASSWORD)

    answer = enter(client, link, query="?range=7d")

    assert (answer.status_code, answer.headers["Location"]) == (302, url(link, "?range=7d"))
    cookie = answer.cookies["shared"]
    assert cookie["path"] == url(link)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "sessionid" not in answer.cookies
    page = text_of(client.get(url(link)))
    assert "data-figure" in page
    assert link.password not in page
    assert PASSWORD not in page


def test_a_wrong_password_opens_nothing(client, visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    for wrong in ("", "A good password", PASSWORD + " ", "x" * 5000, "\0"):
        answer = enter(client, link, wrong)
        assert "Wrong password" in text_of(answer)
        assert "shared" not in answer.cookies
        assert link.password not in text_of(answer)
    assert "data-figure" not in text_of(client.get(url(link)))


def test_the_password_needs_its_form(visited_pixel):
    client = Client(enforce_csrf_checks=True)
    link = share(visited_pixel, password=PASSWORD)
    assert enter(client, link).status_code == 403

    page = text_of(client.get(url(link)))
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    answer = client.post(url(link), {"password": PASSWORD, "csrfmiddlewaretoken": token[1]})
    assert answer.status_code == 302


def test_a_browser_that_blocks_cookies_gets_an_explanation(visited_pixel):
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "de"})
    link = share(visited_pixel, password=PASSWORD)

    answer = enter(client, link)

    assert answer.status_code == 403
    page = text_of(answer)
    assert '<html lang="de"' in page
    for word in ("Blog", "Hello", "data-figure"):
        assert word not in page
    english = enter(Client(enforce_csrf_checks=True), link)
    assert "Allow cookies for this site" in text_of(english)


def test_the_log_contains_no_key_of_a_link(visited_pixel, monkeypatch):
    [stderr] = [handler for handler in logging.getLogger("django").handlers if handler.get_name() == "stderr"]
    monkeypatch.setattr(stderr, "filters", [])  # other tests of this minute may have flooded the log
    link = share(visited_pixel, password=PASSWORD)
    written = StringIO()
    before = stderr.setStream(written)
    try:
        enter(Client(enforce_csrf_checks=True), link)
        Client().get(url(ShareLink(key="x" * 32), "embed/"))
        Client().put(url(link))
        try:
            raise ValueError(f"of {url(link)}embed/")
        except ValueError:
            logging.getLogger("django.request").exception("Of %s, %d", {"path": url(link)}, 7)
    finally:
        stderr.setStream(before)

    text = written.getvalue()
    assert link.key not in text
    assert "x" * 32 not in text
    assert "Forbidden (CSRF cookie not set.): /share/…/\n" in text
    assert "Not Found: /share/…/embed/\n" in text
    assert "Of {'path': '/share/…/'}, 7\n" in text
    assert "ValueError: of /share/…/embed/\n" in text


def test_a_new_password_locks_out_readers_with_the_old_one(client, visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    enter(client, link)
    assert "data-figure" in text_of(client.get(url(link)))

    link.set_password(PASSWORD)  # the same words, with a new salt
    link.save()

    assert "data-figure" not in text_of(client.get(url(link)))


def test_revoking_locks_out_readers_with_the_password(client, visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    enter(client, link)

    ShareLink.objects.update(revoked_at=NOON)

    assert client.get(url(link)).status_code == 404


def test_the_cookie_of_one_link_opens_no_other(client, visited_pixel):
    link, other = share(visited_pixel, password=PASSWORD), share(visited_pixel, password=PASSWORD)
    proof = enter(client, link).cookies["shared"].value

    for value in (proof, "", "1", "é"):
        client.cookies["shared"] = value
        assert "data-figure" not in text_of(client.get(url(other)))


def test_ten_wrong_passwords_lock_out_that_address_only(client, visited_pixel, monkeypatch):
    link, other = share(visited_pixel, password=PASSWORD), share(visited_pixel, password=PASSWORD)
    for _ in range(10):
        assert enter(client, link, "guess").status_code == 200

    answer = enter(client, link)
    assert answer.status_code == 429
    assert "Too many tries. Wait 10 minutes, then try again. If you entered this" in text_of(answer)
    assert 0 < int(answer.headers["Retry-After"]) <= 600
    assert enter(client, other).status_code == 302
    assert enter(Client(REMOTE_ADDR="192.0.2.7"), link).status_code == 302

    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + timedelta(seconds=601))
    assert enter(client, link).status_code == 302


def test_an_ipv6_network_counts_as_one_address(visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    for number in range(10):
        assert enter(Client(REMOTE_ADDR=f"2001:db8:1:2::{number}"), link, "guess").status_code == 200

    assert enter(Client(REMOTE_ADDR="2001:db8:1:2:3::4"), link).status_code == 429
    assert enter(Client(REMOTE_ADDR="2001:db8:1:3::4"), link).status_code == 302


def test_the_address_is_that_of_the_trusted_hop(visited_pixel, settings):
    settings.TRUSTED_PROXIES = 1
    link = share(visited_pixel, password=PASSWORD)
    for number in range(10):
        enter(Client(), link, "guess", headers={"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.1"})

    assert enter(Client(), link, headers={"X-Forwarded-For": "203.0.113.99, 198.51.100.1"}).status_code == 429
    assert enter(Client(), link, headers={"X-Forwarded-For": "203.0.113.99, 198.51.100.2"}).status_code == 302


def test_wrong_passwords_from_many_addresses_lock_out_neither_new_readers_nor_known_ones(client, visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    enter(client, link)
    del client.cookies["shared"]  # the window was closed
    for number in range(260):
        assert enter(Client(REMOTE_ADDR=f"198.51.{number // 250}.{number % 250}"), link, "guess").status_code == 200

    assert enter(client, link).status_code == 302
    assert enter(Client(REMOTE_ADDR="192.0.2.7"), link, "a typing error").status_code == 200
    assert enter(Client(REMOTE_ADDR="192.0.2.7"), link).status_code == 302


def test_a_network_has_fewer_tries_once_many_were_wrong(visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    for number in range(20):
        enter(Client(REMOTE_ADDR=f"198.51.100.{number}"), link, "guess")

    fresh = [enter(Client(REMOTE_ADDR="192.0.2.7"), link, "guess").status_code for _ in range(3)]
    # An IPv6 site can use any of its networks, so they count together.
    site = [enter(Client(REMOTE_ADDR=f"2001:db8:1:{number}::7"), link, "guess").status_code for number in range(3)]

    assert fresh == site == [200, 200, 429]
    assert enter(Client(REMOTE_ADDR="2001:db8:2::7"), link).status_code == 302


def test_what_all_strangers_may_try_together_is_bounded_and_readers_of_before_still_get_in(
    client, visited_pixel, monkeypatch
):
    monkeypatch.setattr("dashboard.views.share_password.MOST_TRIES", 30)
    link = share(visited_pixel, password=PASSWORD)
    enter(client, link)
    statuses = [enter(Client(REMOTE_ADDR=f"198.51.100.{number}"), link, "guess").status_code for number in range(35)]

    assert statuses == [200] * 30 + [429] * 5
    del client.cookies["shared"]
    assert enter(client, link).status_code == 302


def test_a_reader_of_before_has_ten_tries_an_hour(client, visited_pixel, monkeypatch):
    link = share(visited_pixel, password=PASSWORD)
    enter(client, link)
    del client.cookies["shared"]

    assert [enter(client, link, "guess").status_code for _ in range(11)] == [200] * 10 + [429]
    assert enter(client, link).status_code == 429
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + timedelta(hours=1))
    assert enter(client, link).status_code == 302


def test_a_new_password_forgets_the_readers_of_before(client, visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    enter(client, link)
    link.set_password("another good one")
    link.save()
    for _ in range(10):
        enter(client, link)

    assert enter(client, link, "another good one").status_code == 429  # like any other browser of this network


def test_the_cookie_of_a_reader_is_for_one_link_and_lets_nobody_in(client, visited_pixel):
    link, other = share(visited_pixel, password=PASSWORD), share(visited_pixel, password=PASSWORD)
    known = enter(client, link).cookies["known"]
    assert (known["path"], known["httponly"], known["samesite"]) == (url(link), True, "Lax")
    assert known["max-age"] > 30 * 86_400

    stranger = Client()
    stranger.cookies["known"] = known.value
    assert "data-figure" not in text_of(stranger.get(url(link)))
    assert "data-figure" not in text_of(stranger.get(url(other)))
    for _ in range(11):
        enter(stranger, other, "guess")
    assert enter(stranger, other).status_code == 429


def test_right_passwords_of_many_readers_lock_out_nobody(visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    for number in range(110):
        assert enter(Client(REMOTE_ADDR=f"198.51.100.{number}"), link).status_code == 302


def test_readers_with_the_cookie_stay_in_while_others_guess(client, visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    enter(client, link)
    for number in range(101):
        enter(Client(REMOTE_ADDR=f"198.51.100.{number}"), link, "guess")

    assert "data-figure" in text_of(client.get(url(link)))


def test_no_address_reaches_the_database(visited_pixel):
    link = share(visited_pixel, password=PASSWORD)
    enter(Client(REMOTE_ADDR="203.0.113.7"), link, "guess")

    kept = [f"{row.key} {row.tries}" for row in TryCount.objects.all()]
    assert len(kept) == 3
    assert all(re.fullmatch("[0-9a-f]{32} 1", row) for row in kept)


def test_right_passwords_leave_no_trace_of_an_address(client, visited_pixel):
    enter(client, share(visited_pixel, password=PASSWORD))
    assert set(TryCount.objects.values_list("tries", flat=True)) == {0}


def test_no_password_is_accepted_while_tries_can_not_be_counted(client, visited_pixel, monkeypatch, caplog):
    def refuse(*args: object) -> None:
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr("accounts.passwords.check.count_try", refuse)
    answer = enter(client, share(visited_pixel, password=PASSWORD))

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "readonly" in caplog.text
