"""Invitations: owners make and revoke them, and somebody accepts each once, with an account or with a new one."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation
from accounts.models.invitations import MOST_OPEN
from collector.models import Membership, Project, Role
from tests.accounts.codes import with_app
from tests.app_codes import code
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

MEMBERS = "/projects/blog/members/"
NEW = {"username": "newcomer", "password1": "sufficiently-odd", "password2": "sufficiently-odd"}


def invite(client: Client, role: str = "editor", **fields: str) -> str:
    """Send the form, and return the path of the invitation's link."""
    page = text_of(client.post(MEMBERS, {"role": role, **fields}))
    return page.split('<code id="address">http://testserver')[1].split("</code>")[0]


@pytest.fixture
def as_owner(owner) -> Client:
    return logged_in(owner)


@pytest.fixture
def link(as_owner) -> str:
    return invite(as_owner)


def role_of(name: str) -> str | None:
    return Membership.objects.filter(user__username=name).values_list("role", flat=True).first()


@pytest.mark.every_database
def test_somebody_makes_an_account_and_joins(client, link, project):
    page = text_of(client.get(link))
    assert "owner invites you to this project, as: Editor" in page

    assert client.post(link, NEW).url == "/projects/blog/"

    assert client.get("/projects/blog/").status_code == 200
    user = User.objects.get(username="newcomer")
    assert (role_of("newcomer"), user.is_staff, user.is_superuser) == ("editor", False, False)
    assert user.check_password("sufficiently-odd")


def test_a_user_joins_after_logging_in(client, link, stranger):
    answer = client.post(link, {"log_in": "1"})
    assert answer.url == "/login/?next=%2Finvitation%2F"
    form = {"username": "stranger", "password": "stranger-pass-1", "next": "/invitation/"}
    assert client.post("/login/", form).url == "/invitation/"
    assert "Join as stranger" in text_of(client.get("/invitation/"))
    assert role_of("stranger") is None
    assert client.post("/invitation/").url == "/projects/blog/"
    assert role_of("stranger") == "editor"
    assert client.get("/invitation/").status_code == 404


def test_a_user_joins_through_their_second_factor(client, link, stranger):
    with_app(stranger)
    client.post(link, {"log_in": "1"})
    client.post("/login/", {"username": "stranger", "password": "stranger-pass-1", "next": "/invitation/"})
    assert client.post("/login/second-factor/", {"code": code()}).url == "/invitation/"
    assert client.post("/invitation/").url == "/projects/blog/"


def test_a_user_who_is_logged_in_joins_at_once(link, stranger):
    client = logged_in(stranger)
    assert "Join as stranger" in text_of(client.get(link))
    assert client.post(link).url == "/projects/blog/"
    assert role_of("stranger") == "editor"


@pytest.mark.every_database
def test_an_invitation_is_accepted_once(link, stranger):
    assert Client().post(link, NEW).status_code == 302
    for client in (Client(), logged_in(stranger)):
        assert client.get(link).status_code == 404
        assert client.post(link, NEW | {"username": "second"}).status_code == 404
    assert not User.objects.filter(username="second").exists()
    assert role_of("stranger") is None


@pytest.mark.parametrize(("had", "invited", "has"), [("viewer", "owner", "owner"), ("owner", "viewer", "owner")])
def test_no_role_gets_lower(as_owner, viewer, had, invited, has):
    Membership.objects.filter(user=viewer).update(role=had)
    logged_in(viewer).post(invite(as_owner, invited))
    assert role_of("viewer") == has


def test_an_invitation_ends_after_a_week(client, link, monkeypatch):
    later = timezone.now() + timedelta(days=7)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    answer = client.get(link)
    assert answer.status_code == 404
    assert "Ask for a new one" in text_of(answer)
    assert client.post(link, NEW).status_code == 404


def test_an_invitation_ends_when_it_is_revoked(client, as_owner, link):
    pk = Invitation.objects.get().pk
    assert as_owner.post(f"{MEMBERS}{pk}/revoke/").url == MEMBERS
    assert client.post(link, NEW).status_code == 404
    assert "Invited" not in text_of(as_owner.get(MEMBERS))


@pytest.mark.parametrize("change", ["demoted", "inactive", "deleted"])
def test_an_invitation_ends_with_the_rights_of_its_sender(client, link, owner, change):
    if change == "demoted":
        Membership.objects.filter(user=owner).update(role=Role.EDITOR)
    elif change == "inactive":
        User.objects.filter(pk=owner.pk).update(is_active=False)
    else:
        owner.delete()
    assert client.post(link, NEW).status_code == 404
    assert not User.objects.filter(username="newcomer").exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"username": "owner"}, "already exists"),
        ({"username": ""}, "required"),
        ({"username": "a b"}, "valid username"),
        ({"password2": "other"}, "didn’t match"),
        ({"password1": "password", "password2": "password"}, "too common"),
    ],
)
def test_an_account_that_can_not_be_made_leaves_the_invitation_open(client, link, fields, message):
    answer = client.post(link, NEW | fields)
    assert answer.status_code == 200
    assert message in text_of(answer)
    assert client.post(link, NEW).status_code == 302


def test_a_required_second_factor_is_set_up_by_new_members_too(settings, client, link):
    settings.SECOND_FACTOR = "all"
    assert client.post(link, NEW).url == "/account/second-factor/"
    assert client.get("/projects/blog/").status_code == 302


@pytest.mark.parametrize("who", ["viewer", "stranger"])
def test_only_owners_see_members_and_invite(request, who, link):
    client = logged_in(request.getfixturevalue(who))
    pk = Invitation.objects.get().pk
    assert client.get(MEMBERS).status_code == 404
    assert client.post(MEMBERS, {"role": "owner"}).status_code == 404
    assert client.post(f"{MEMBERS}{pk}/revoke/").status_code == 404
    assert Invitation.objects.get().revoked_at is None
    assert MEMBERS not in text_of(client.get("/projects/blog/"))
    assert Client().get(MEMBERS).url == f"/login/?next={MEMBERS}"


def test_an_owner_does_not_reach_the_invitations_of_another_project(as_owner, link):
    theirs = Project.objects.create(name="Theirs", slug="theirs")
    Invitation.objects.update(project=theirs)
    pk = Invitation.objects.get().pk
    for path in (f"{MEMBERS}{pk}/revoke/", f"/projects/theirs/members/{pk}/revoke/"):
        assert as_owner.post(path).status_code == 404


def test_the_secret_is_shown_once_and_not_stored(as_owner, link):
    secret = link.split("/")[2]
    assert len(secret) == 32
    assert secret not in text_of(as_owner.get(MEMBERS))
    assert secret not in str(list(Invitation.objects.values()))


@pytest.mark.parametrize("form", [{"role": "root"}, {"role": ""}, {"role": "owner", "email": "a@b\nBcc: c@d.example"}])
def test_a_wrong_form_invites_nobody(as_owner, settings, form):
    settings.MAIL_FROM = "footfall@example.org"
    assert as_owner.post(MEMBERS, form).status_code == 200
    assert not Invitation.objects.exists()


def test_an_invitation_goes_by_mail_where_mail_is_set_up(as_owner, settings, mailoutbox):
    assert 'name="email"' not in text_of(as_owner.get(MEMBERS))
    settings.MAIL_FROM = "footfall@example.org"
    page = as_owner.post(MEMBERS, {"role": "viewer", "email": "grace@example.org"})
    assert "Sent to grace@example.org." in text_of(page)
    [mail] = mailoutbox
    assert (mail.to, mail.from_email) == (["grace@example.org"], "footfall@example.org")
    assert mail.subject == "Invitation to Blog"
    link = next(line for line in mail.body.splitlines() if line.startswith("http")).removeprefix("http://testserver")
    assert "owner invites you to the project “Blog” on Footfall, as: Viewer." in mail.body
    Client().post(link, NEW)
    assert User.objects.get(username="newcomer").email == "grace@example.org"


def test_nobody_sends_many_mails_to_people_who_may_not_know_them(
    as_owner, settings, mailoutbox, monkeypatch, empty_cache
):
    settings.MAIL_FROM = "footfall@example.org"
    monkeypatch.setattr("accounts.views.members.MOST_MAILS", (2, 3600))
    pages = [text_of(as_owner.post(MEMBERS, {"role": "viewer", "email": "grace@example.org"})) for _ in range(3)]
    assert ["Send the link yourself" in page for page in pages] == [False, False, True]
    assert len(mailoutbox) == 2


def test_a_mail_that_is_not_taken_is_told(as_owner, settings, monkeypatch):
    def refuse(*args: object) -> None:
        raise ConnectionRefusedError

    settings.MAIL_FROM = "footfall@example.org"
    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    page = text_of(as_owner.post(MEMBERS, {"role": "viewer", "email": "grace@example.org"}))
    assert "could not be sent. Send the link yourself." in page
    assert "http://testserver/invitation/" in page


@pytest.mark.every_database
def test_a_project_has_so_many_open_invitations(as_owner, owner, project):
    week = timezone.now() + timedelta(days=7)
    for number in range(MOST_OPEN):
        Invitation.objects.create(project=project, invited_by=owner, digest=str(number), expires_at=week)
    assert "Revoke some of them first" in text_of(as_owner.post(MEMBERS, {"role": "viewer"}))
    assert Invitation.objects.count() == MOST_OPEN


@pytest.mark.every_database
def test_members_cost_the_same_however_many(as_owner, link, django_assert_num_queries):
    assert f'href="{MEMBERS}"' in text_of(as_owner.get("/projects/blog/"))
    for number in range(3):
        invite(as_owner)
        Membership.objects.create(project_id=Project.objects.get().pk, user=User.objects.create(username=str(number)))
    with django_assert_num_queries(5):
        as_owner.get(MEMBERS)


@pytest.mark.every_database
@pytest.mark.parametrize("secret", ["x", "é", "a" * 500, "%00"])
def test_an_unknown_secret_opens_nothing(client, secret):
    for method in (client.get, client.post):
        assert method(f"/invitation/{secret}/").status_code == 404
