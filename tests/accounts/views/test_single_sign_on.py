"""Single sign-on with a real provider: who gets an account, who is let in, and what is kept."""

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client

from accounts.login.confirmation import CONFIRMED_AT
from accounts.models import Session
from collector.models import Membership, Project
from telemetry_site.setting_values import single_sign_on
from tests.accounts.codes import with_app
from tests.accounts.views.test_invitations import invite
from tests.app_codes import code
from tests.collector.admin.browsing import logged_in, text_of
from tests.oidc import CLIENT_ID, CLIENT_SECRET, provider

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

BEGIN, BACK = "/login/single-sign-on/", "/login/single-sign-on/callback/"
OWN, CONNECT = "/account/second-factor/", "/account/single-sign-on/"


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with provider() as address:
        yield address


@pytest.fixture(autouse=True)
def configured(settings, request, empty_cache) -> None:
    url = request.getfixturevalue("address")
    settings.OIDC_URL = url
    settings.OIDC_DOMAINS = ["example.org"]
    settings.SOCIALACCOUNT_PROVIDERS = single_sign_on(url, CLIENT_ID, CLIENT_SECRET)


def answer_of_provider(page: str, **form: str) -> str:
    """Fill in the provider's form as the browser does that our page leads there; return where it leads back to."""
    try:
        build_opener(_NoRedirect).open(page, urlencode(form).encode(), timeout=30)
    except HTTPError as redirect:
        return str(redirect.headers["Location"])
    raise AssertionError("The provider does not lead back.")


def leave(client: Client, path: str = BEGIN, **form: str) -> str:
    """Go to the provider, and return the page there."""
    answer = client.post(path, form)
    seconds, _, page = answer.headers["Refresh"].partition("; url=")
    assert (answer.status_code, seconds) == (200, "0")
    return page


def come_back(client: Client, page: str, sub: str):
    location = urlsplit(answer_of_provider(page, sub=sub))
    assert location.path == BACK
    return client.get(f"{location.path}?{location.query}")


def log_in(client: Client, sub: str, **form: str):
    return come_back(client, leave(client, **form), sub)


def names() -> set[str]:
    return set(User.objects.values_list("username", flat=True))


@pytest.mark.every_database
def test_a_first_login_makes_an_account(client, project):
    assert 'action="/login/single-sign-on/"' in text_of(client.get("/login/"))
    assert log_in(client, "grace-1", next="/projects/blog/?range=7d").url == "/projects/blog/?range=7d"

    grace = User.objects.get(username="grace")
    assert (grace.email, grace.is_staff, grace.is_superuser, grace.has_usable_password()) == (
        "grace@example.org", False, False, False,
    )  # fmt: skip
    assert client.get("/").status_code == 200
    assert client.get("/projects/blog/").status_code == 404  # a member of nothing

    again = Client()
    assert log_in(again, "grace-1").url == "/"
    assert names() == {"grace"}


@pytest.mark.parametrize("sub", ["mallory-1", "eve-1", "nobody-1"])
def test_addresses_that_are_not_verified_or_of_other_domains_get_no_account(client, db, sub):
    answer = log_in(client, sub)
    assert answer.status_code == 403
    assert "You have no account here." in text_of(answer)
    assert names() == set()
    assert client.get("/").status_code == 302


def test_no_name_of_a_provider_is_taken_that_can_not_be_shown_or_looks_like_another(client, db):
    assert log_in(client, "strange-1").url == "/"
    user = User.objects.get()
    assert (user.first_name, user.last_name) == ("", "")
    assert user.username.isascii()


def test_without_domains_nobody_gets_an_account(client, settings, db):
    settings.OIDC_DOMAINS = []
    assert log_in(client, "grace-1").status_code == 403
    assert names() == set()


def test_an_invitation_gets_an_account_at_any_domain(client, owner):
    link = invite(logged_in(owner))
    assert client.post(link, {"log_in": "1"}).url == "/login/?next=%2Finvitation%2F"
    assert log_in(client, "eve-1", next="/invitation/").url == "/invitation/"
    assert client.post("/invitation/").url == "/projects/blog/"
    assert Membership.objects.get(user__username="eve").role == "editor"


@pytest.mark.every_database
@pytest.mark.parametrize("is_verified_here", [True, False])
def test_nobody_gets_an_account_that_exists_by_its_address_alone(client, viewer, is_verified_here):
    User.objects.filter(pk=viewer.pk).update(email="Grace@example.org")
    if is_verified_here:
        EmailAddress.objects.create(user=viewer, email="grace@example.org", verified=True)
    answer = log_in(client, "grace-1")
    assert answer.status_code == 403
    assert "grace@example.org belongs to an account here." in text_of(answer)
    assert names() == {"viewer"}
    assert client.get("/").status_code == 302


@pytest.mark.every_database
def test_a_name_that_is_taken_gives_another(client, owner):
    log_in(client, "owner-1")
    assert len(names()) == 2
    assert logged_in(User.objects.exclude(pk=owner.pk).get()).get("/projects/blog/").status_code == 404


def test_users_connect_and_disconnect_their_account(viewer):
    client = Client()
    client.post("/login/", {"username": "viewer", "password": "viewer-pass-1"})
    assert "Connect" in text_of(client.get(OWN))
    assert come_back(client, leave(client, CONNECT), "eve-1").url == OWN
    assert "Disconnect" in text_of(client.get(OWN))
    browser = Client()
    assert log_in(browser, "eve-1").url == "/"
    assert "viewer" in text_of(browser.get("/"))
    client.post(CONNECT, {"disconnect": "1"})
    assert not SocialAccount.objects.exists()
    assert log_in(Client(), "eve-1").status_code == 403


def test_a_stolen_session_connects_nothing(viewer):
    assert logged_in(viewer).post(CONNECT).url == f"/account/confirm/?next={OWN.replace('/', '%2F')}"
    assert Client().post(CONNECT).url.startswith("/login/")


def test_who_has_no_password_does_not_lose_the_only_way_in(client, db):
    log_in(client, "grace-1")
    assert "Disconnect" not in text_of(client.get(OWN))
    client.post(CONNECT, {"disconnect": "1"})
    assert SocialAccount.objects.count() == 1


def test_who_has_no_password_confirms_by_logging_in_again(client, db):
    log_in(client, "grace-1")
    session = client.session
    del session[CONFIRMED_AT]
    session.save()
    page = text_of(client.get(OWN, follow=True))
    assert "To confirm, log in again." in page
    assert 'name="password"' not in page
    assert log_in(client, "grace-1", next=OWN).url == OWN
    assert client.get(OWN).status_code == 200


def test_what_belongs_to_one_user_is_not_connected_with_another(viewer):
    log_in(Client(), "grace-1")
    client = Client()
    client.post("/login/", {"username": "viewer", "password": "viewer-pass-1"})
    come_back(client, leave(client, CONNECT), "grace-1")
    assert SocialAccount.objects.get().user.username == "grace"


def test_a_user_who_is_switched_off_is_not_let_in(client, db):
    log_in(client, "grace-1")
    User.objects.update(is_active=False)
    late = Client()
    answer = log_in(late, "grace-1")
    assert (answer.status_code, late.get("/").status_code) == (403, 302)
    assert "switched off" in text_of(answer)


def test_a_second_factor_that_a_user_has_set_up_is_asked_for(client, db):
    log_in(client, "grace-1")
    with_app(User.objects.get())
    late = Client()
    assert log_in(late, "grace-1").url == "/login/second-factor/"
    assert late.get("/").status_code == 302
    assert late.post("/login/second-factor/", {"code": code()}).url == "/"


def test_the_provider_answers_for_a_second_factor_that_is_required(client, settings, db):
    settings.SECOND_FACTOR = "all"
    assert log_in(client, "grace-1").url == "/"
    assert client.get("/").status_code == 200


@pytest.mark.every_database
def test_nothing_of_the_provider_is_kept_but_the_subject(client, db):
    log_in(client, "late-1")
    [account] = SocialAccount.objects.all()
    assert (account.uid, account.extra_data) == ("late-1", {})
    sessions = json.dumps([session.get_decoded() for session in Session.objects.all()])
    assert "203.0.113.77" not in sessions
    assert "127.0.0.1" not in sessions
    assert "<b>" not in text_of(client.get("/"))


@pytest.mark.parametrize(
    "query", ["", "code=x", "state=x", "error=access_denied", "code=x&state=y", "code=%00&state=%00", "error=x&state=z"]
)
def test_an_answer_that_nobody_asked_for_lets_nobody_in(client, db, query):
    page = leave(client)
    answer = client.get(f"{BACK}?{query}")
    assert answer.status_code == 401
    assert "Single sign-on did not work." in text_of(answer)
    assert come_back(client, page, "grace-1").status_code == 302  # still


def test_an_answer_for_another_browser_lets_nobody_in(client, db):
    page = leave(client)
    assert come_back(Client(), page, "grace-1").status_code == 401


def test_who_cancels_can_try_again(client, db):
    location = urlsplit(answer_of_provider(leave(client), action="deny"))
    answer = client.get(f"{location.path}?{location.query}")
    assert "Single sign-on did not work." in text_of(answer)
    assert log_in(client, "grace-1").status_code == 302


def test_the_way_there_carries_no_secret_and_proves_itself(client, db):
    query = parse_qs(urlsplit(leave(client)).query)
    assert query["client_id"] == [CLIENT_ID]
    assert query["redirect_uri"] == [f"http://testserver{BACK}"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["state"]
    assert CLIENT_SECRET not in str(query)


@pytest.mark.parametrize("next_page", ["https://a.example/", "//a.example", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(client, db, next_page):
    assert log_in(client, "grace-1", next=next_page).url == "/"


def test_a_provider_that_is_away_is_told(client, settings, db):
    settings.SOCIALACCOUNT_PROVIDERS = single_sign_on("http://127.0.0.1:9", CLIENT_ID, CLIENT_SECRET)
    answer = client.post(BEGIN)
    assert answer.status_code == 502
    assert "log in with your password" in text_of(answer)


def test_without_a_provider_there_is_nothing(client, settings, viewer):
    settings.OIDC_URL, settings.SOCIALACCOUNT_PROVIDERS = "", {}
    assert "single-sign-on" not in text_of(client.get("/login/"))
    assert (client.post(BEGIN).status_code, client.get(BACK).status_code) == (404, 404)
    client.post("/login/", {"username": "viewer", "password": "viewer-pass-1"})
    assert client.post(CONNECT).status_code == 404
    assert "single-sign-on" not in text_of(client.get(OWN))


def test_a_form_from_another_site_begins_nothing(db):
    assert Client(enforce_csrf_checks=True).post(BEGIN).status_code == 403
    assert Project.objects.count() == 0
