"""Names and addresses that people choose: others can read them, and can't mistake them for those of somebody else."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.names import shown_or_empty, validate_address, validate_user_name
from collector.models import AuditEntry
from tests.accounts.views.test_invitations import MEMBERS, NEW, invite
from tests.accounts.views.test_second_factor import confirm_now
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = pytest.mark.django_db

BIDI, NUL, BLANK, ALIKE = "ada\u202eevil", "ada\0evil", "ada\u3164", "ad\u0430"


@pytest.mark.parametrize("name", ["ada", "Äda.L+1@x", "ада", "愛田", "एडा", "محمد", "עדה", "Ελένη_7", "ada-雪", "1-2"])
def test_names_of_all_languages_are_taken(name):
    validate_user_name(name)


@pytest.mark.parametrize("name", ["ada\u3164", "\u1160", "\u115fada", "ad\u0430", "\u0391da", "\u043e\u0440en"])
def test_names_that_look_like_others_are_refused(name):
    with pytest.raises(ValidationError):
        validate_user_name(name)


@pytest.mark.parametrize("address", ["ada@example.org", '"a.b"@example.org', "ada+x@b\u00fccher.example"])
def test_usual_addresses_are_taken(address):
    validate_address(address)


@pytest.mark.parametrize("address", ['"a\x01"@b.example', "a@b\u200b.example", "a@b\u00ad.example", '"a b"@c.example'])
def test_addresses_with_what_nobody_sees_are_refused(address):
    with pytest.raises(ValidationError):
        validate_address(address)


def test_what_another_server_says_is_kept_if_it_can_be_shown():
    assert [shown_or_empty(name) for name in ("Ada L.", BIDI, NUL)] == ["Ada L.", "", ""]


@pytest.mark.parametrize("name", [BIDI, NUL, BLANK, ALIKE])
def test_nobody_chooses_such_a_name(reader, owner, viewer, name):
    link = invite(logged_in(owner))
    assert Client().post(link, NEW | {"username": name}).status_code == 200
    confirm_now(reader)
    assert reader.post("/account/name/", {"username": name}).status_code == 200
    assert set(User.objects.values_list("username", flat=True)) == {"owner", "viewer"}


@pytest.mark.parametrize(
    "email", ["a\0@b.example", '"a\x01"@b.example', "a@b\u200b.example", "a@b.example\nBcc: c@d.example"]
)
def test_nobody_chooses_such_an_address(reader, owner, viewer, settings, email):
    settings.MAIL_FROM = "footfall@example.org"
    confirm_now(reader)
    assert reader.post("/account/email/", {"email": email}).status_code == 200
    page = logged_in(owner).post(MEMBERS, {"role": "viewer", "email": email})
    assert 'id="address"' not in text_of(page)
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("name", ["\u00e4DA", "\u00c4da", "\u00c4DA"])
def test_nobody_has_a_name_in_another_case(reader, owner, viewer, name):
    User.objects.create_user("\u00e4da")
    link = invite(logged_in(owner))
    confirm_now(reader)
    for page in (Client().post(link, NEW | {"username": name}), reader.post("/account/name/", {"username": name})):
        assert "already exists" in text_of(page)


@pytest.mark.parametrize("name", [BIDI, NUL, "\u2066x", "two\nlines"])
def test_no_passkey_and_no_person_has_such_a_name(reader, viewer, superuser, name):
    confirm_now(reader)
    answer = reader.post("/account/second-factor/passkeys/", {"name": name, "credential": "{}"})
    assert "characters that can" in text_of(answer)
    person = {
        "username": "viewer",
        "is_active": "on",
        "first_name": name,
        "last_name": name,
        "email": "a@b\u200b.example",
    }
    page = text_of(logged_in(superuser).post(f"/admin/auth/user/{viewer.pk}/change/", person))
    assert page.count('class="errorlist') == 3
