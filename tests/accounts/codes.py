"""Users with an authenticator app, and what its form holds."""

import re

from django.contrib.auth.models import User

from accounts.second_factor.factors import add_app
from tests.app_codes import SECRET


def with_app(user: User) -> User:
    """Give a user an app with `SECRET`, and recovery codes."""
    add_app(user, SECRET)
    return user


def field(name: str, page: str) -> str:
    """Return the value of a hidden field."""
    [value] = re.findall(rf'name="{name}" value="([^"]*)"', page)
    return str(value)
