"""Accounts into which somebody writes hostile strings, and the mails that come of it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client, override_settings

from accounts.login.confirmation import CONFIRMED_AT
from accounts.models import Invitation
from accounts.second_factor.factors import NAME_LENGTH, add_app
from collector.models import AuditEntry, Membership, Project, Role
from collector.models.validators import validate_title
from tests.app_codes import SECRET
from tests.server import PASSWORD

PERSON = "W" * 150  # what the person calls themselves in the end: as long as a name may be
GUARDED = "guarded-of-hostile"
AGENTS = 4  # logins are slow
BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def write(project: Project, owner: User, texts: tuple[str, ...]) -> dict[str, object]:
    """Send each text through each field of accounts, and return what came of it. Runs in `manage.py shell`."""
    person = User.objects.create_user("person-of-hostile", email="person@evil.example", password=PASSWORD)
    Membership.objects.create(project=project, user=person, role=Role.VIEWER)
    admin, own = confirmed(owner), confirmed(person)
    with _mails():
        for text in texts:
            _write(admin, own, project, person, text)
        named = Project.objects.filter(memberships__user__username__startswith="@SUM").exclude(pk=project.pk)
        for other in named:
            admin.post(f"/projects/{other.slug}/members/", {"role": "viewer", "email": "ben@evil.example"})
        for text in texts[:AGENTS]:
            agent = text.translate(dict.fromkeys(map(ord, "\r\n\0")))[:500]
            hints = {"Sec-CH-UA-Platform": agent, "Sec-CH-UA-Mobile": agent, "Sec-CH-UA": agent}
            browser = Client(SERVER_NAME="127.0.0.1", headers={"User-Agent": agent, **hints})
            assert browser.post("/login/", {"username": PERSON, "password": PASSWORD}).status_code == 302
        Client(SERVER_NAME="127.0.0.1").post("/forgotten/", {"email": User.objects.get(pk=person.pk).email})
        mails = [message.message().as_string() for message in mail.outbox]
        bodies = [message.body for message in mail.outbox]
    return {
        "person": person.pk,
        "mails": mails,
        "invitation": _link(bodies, "/invitation/"),
        "verify": _link(bodies, "/account/email/"),
        "invitations": Invitation.objects.filter(project=project).count(),
        "named": named.count(),
        "entries": AuditEntry.objects.filter(project=project).count(),
        "passkeys": _guard(texts),
    }


def confirmed(user: User) -> Client:
    """Return a browser in which somebody has just logged in."""
    client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=True)
    client.force_login(user)
    session = client.session
    session[CONFIRMED_AT] = int(time.time())
    session.save()
    return client


@contextmanager
def _mails() -> Iterator[None]:
    """Keep mails in `mail.outbox`, and send them at once."""
    mail.outbox = []
    with (
        override_settings(MAIL_FROM="footfall@example.org", EMAIL_BACKEND=BACKEND),
        patch.object(threading.Thread, "start", threading.Thread.run),
    ):
        yield


def _write(admin: Client, own: Client, project: Project, person: User, text: str) -> None:
    """Send a text through the fields that keep texts, and through those that refuse what has not their form."""
    quoted = f'"{text[:60]}"@evil.example'
    named = {"username": User.objects.get(pk=person.pk).username, "email": "person@evil.example", "is_active": "on"}
    for part in ("first_name", "last_name", "email", "username"):
        admin.post(f"/admin/auth/user/{person.pk}/change/", named | {part: quoted if part == "email" else text[:150]})
    for email in (quoted, f"{text[:60]}@evil.example"):
        admin.post(f"/projects/{project.slug}/members/", {"role": "viewer", "email": email})
    own.post("/account/name/", {"username": text[:150]})
    own.post("/account/email/", {"email": quoted})
    own.post("/account/tokens/", {"name": text[:100], "projects": project.pk})
    own.post("/account/second-factor/passkeys/", {"name": text[:50], "credential": text})
    own.post("/account/sessions/end/", {"session": text})
    own.post("/i18n/setlang/", {"language": text})


def _guard(texts: tuple[str, ...]) -> int:
    """Give a user passkeys of all names that are taken, and return how many. No browser here could make them."""
    guarded = User.objects.create_user(GUARDED, password=PASSWORD)
    add_app(guarded, SECRET)
    count = 0
    for text in texts:
        name = text[:NAME_LENGTH]
        try:
            validate_title(name)
        except ValidationError:
            continue
        data = {"name": name, "credential": {}}
        Authenticator.objects.create(user=guarded, type=Authenticator.Type.WEBAUTHN, data=data)
        count += 1
    return count


def _link(bodies: list[str], path: str) -> str:
    """Return the path of the last link of a kind in mails."""
    return [urlsplit(word).path for body in bodies for word in body.split() if path in word][-1]
