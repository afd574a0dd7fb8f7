"""The second factors of a user, as django-allauth stores them. No other module knows how it does.

Codes are checked here, and each counts once: in all processes together, because the database counts its uses.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, validate_totp_code
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.passwords.tries import count_try, tally

KINDS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]  # recovery codes are only a way back to these
CODE_SECONDS = 120  # longer than a code of an app is valid, with one period before and after
LONGEST_CODE = 20  # with blanks
NAME_LENGTH = 50  # of a passkey


class Passkey(NamedTuple):
    """A passkey as pages show it."""

    pk: int
    name: str
    created_at: Any
    last_used_at: Any


@dataclass(frozen=True, slots=True)
class Factors:
    """What a user has set up. `codes_left` counts unused recovery codes."""

    has_app: bool
    passkeys: tuple[Passkey, ...]
    codes_left: int

    @property
    def is_any(self) -> bool:
        return self.has_app or bool(self.passkeys)


def factors_of(user: User) -> Factors:
    """Return what a user has set up. One query."""
    has_app, passkeys, codes_left = False, [], 0
    for factor in Authenticator.objects.filter(user=user).order_by("created_at", "pk"):
        if factor.type == Authenticator.Type.TOTP:
            has_app = True
        elif factor.type == Authenticator.Type.WEBAUTHN:
            passkeys.append(Passkey(factor.pk, factor.data["name"], factor.created_at, factor.last_used_at))
        else:
            codes_left = len(factor.wrap().get_unused_codes())
    return Factors(has_app, tuple(passkeys), codes_left)


def has_second_factor(user: User) -> bool:
    """Say whether a user has set up a second factor. One query."""
    return bool(Authenticator.objects.filter(user=user, type__in=KINDS).exists())


def has_second_factor_sql() -> Exists:
    """Return the same as an expression of a query for users."""
    return Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=KINDS))


# Authenticator apps (RFC 6238)


def new_secret() -> str:
    """Return a new secret of 160 random bits for an app, in base32."""
    secret: str = generate_totp_secret()
    return secret


def is_code_of(secret: str, code: str) -> bool:
    """Say whether an app with this secret shows `code` now, or did or will half a minute away."""
    return len(code) <= LONGEST_CODE and bool(validate_totp_code(secret, code))


@transaction.atomic
def add_app(user: User, secret: str) -> None:
    """Set up an app, in place of the one before, and recovery codes if there are none."""
    _locked(user)
    Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)


def remove_app(user: User) -> bool:
    """Remove the app, and the recovery codes if nothing else is left. Say whether there was one."""
    return _remove(user, type=Authenticator.Type.TOTP)


def remove_passkey(user: User, pk: int) -> bool:
    """Remove a passkey, and the recovery codes if nothing else is left. Say whether there was one."""
    return _remove(user, type=Authenticator.Type.WEBAUTHN, pk=pk)


def remove_all(user: User) -> None:
    """Remove everything, for somebody who has lost it."""
    Authenticator.objects.filter(user=user).delete()


@transaction.atomic
def _remove(user: User, **which: Any) -> bool:
    _locked(user)
    removed, _ = Authenticator.objects.filter(user=user, **which).delete()
    if not has_second_factor(user):
        remove_all(user)
    return bool(removed)


def _locked(user: User) -> None:
    """Let two changes of one user's second factors follow each other."""
    User.objects.select_for_update().get(pk=user.pk)


# Codes


def use_code(user: User, code: str) -> bool:
    """Say whether `code` is one of the user's app or an unused recovery code, and use it up."""
    code = code.strip()
    if not 0 < len(code) <= LONGEST_CODE:
        return False
    for factor in Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN):
        if factor.type == Authenticator.Type.TOTP:
            is_right = is_code_of(factor.data["secret"], code) and _is_first_use(user, code)
        else:
            is_right = factor.wrap().validate_code(code)
        if is_right:
            factor.record_usage()
            return True
    return False


def _is_first_use(user: User, code: str) -> bool:
    """Count a use of an app's code. Somebody who sees it being typed can't use it again."""
    digits = "".join(filter(str.isalnum, code))
    uses = tally(CODE_SECONDS, "code of an app", str(user.pk), digits)
    return count_try([uses])[uses].tries == 1


def recovery_codes(user: User) -> list[str]:
    """Return the user's unused recovery codes. One query."""
    factor = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    codes: list[str] = factor.wrap().get_unused_codes() if factor else []
    return codes


@transaction.atomic
def renew_recovery_codes(user: User) -> bool:
    """Make new recovery codes: the former ones are void. Only with a second factor: say whether there is one."""
    _locked(user)
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    if not has_second_factor(user):
        return False
    RecoveryCodes.activate(user)
    return True
