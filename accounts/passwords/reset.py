"""Links that set a new password: signed, for one user, until their password changes or they log in."""

from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.http import base36_to_int, int_to_base36

LONGEST_NUMBER = 10  # of a user, in base 36


def reset_path(user: User) -> str:
    """Return the path of a link for a user. It works for `PASSWORD_RESET_TIMEOUT` seconds."""
    return reverse("reset_password", args=[f"{int_to_base36(user.pk)}-{default_token_generator.make_token(user)}"])


def user_of_link(key: str) -> User | None:
    """Return whose password a link sets, None if it no longer works. One query."""
    number, _dash, token = key.partition("-")
    try:
        pk = base36_to_int(number) if len(number) <= LONGEST_NUMBER else 0
    except ValueError:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first() if 0 < pk < 2**31 else None
    return user if user and default_token_generator.check_token(user, token) else None
