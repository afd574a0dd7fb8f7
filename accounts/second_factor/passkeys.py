"""Passkeys (WebAuthn): challenges for a browser, and the check of what it answers.

A passkey is always one that also logs in without a password: it is stored in the device, which asks for a finger, a
face or a PIN. The challenge waits in the session, and is good for one answer.
"""

import json
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal import auth
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

LONGEST_ANSWER = 50_000  # characters
MOST = 20  # of a user
# What django-allauth and fido2 raise for answers that no browser gives.
NO_ANSWER = (ValidationError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


def challenge_to_add(user: User) -> dict[str, Any]:
    """Return what `navigator.credentials.create` needs. Writes the session."""
    options: dict[str, Any] = auth.begin_registration(user, passwordless=True)
    return options


def challenge(user: User | None) -> dict[str, Any]:
    """Return what `navigator.credentials.get` needs, for the passkeys of a user or, with None, for any. Writes the
    session.
    """
    options: dict[str, Any] = auth.begin_authentication(user)
    return options


@transaction.atomic
def add_passkey(user: User, name: str, answer: str) -> bool:
    """Store the passkey that a browser made, and recovery codes if there are none. Say whether it is a right one."""
    credential = _parsed(answer)
    User.objects.select_for_update().get(pk=user.pk)
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).count() >= MOST:
        return False
    try:
        auth.parse_registration_response(credential)
        made = auth.complete_registration(credential)
    except NO_ANSWER:
        return False
    if not made.is_user_verified():
        return False
    auth.WebAuthn.add(user, name or _("Passkey"), credential)
    RecoveryCodes.activate(user)
    return True


def user_of(answer: str, expected: User | None) -> User | None:
    """Return whose passkey answered the session's challenge, None if the answer is wrong. None is expected: anybody.

    Without an expected user, the device must have verified who holds it: no password was asked for.
    """
    credential = _parsed(answer)
    try:
        response = auth.parse_authentication_response(credential)
        user: User = expected or auth.extract_user_from_response(credential)
        factor = auth.complete_authentication(user, credential)
    except NO_ANSWER:
        return None
    if expected is None and not response.response.authenticator_data.is_user_verified():
        return None
    factor.record_usage()
    return user


def _parsed(answer: str) -> dict[str, Any]:
    """Return a browser's answer; an empty one if it is no object in JSON."""
    try:
        parsed = json.loads(answer) if len(answer) <= LONGEST_ANSWER else {}
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
