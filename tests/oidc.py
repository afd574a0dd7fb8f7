"""An OpenID Connect provider on this machine: oidc-provider-mock, which is made with Authlib."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

from tests.server import eventually, free_port

CLIENT_ID, CLIENT_SECRET = "footfall", "its secret"
# Names as the provider knows them. Only some addresses are verified.
PEOPLE: tuple[dict[str, Any], ...] = (
    {"sub": "grace-1", "preferred_username": "grace", "email": "grace@example.org", "email_verified": True},
    {"sub": "owner-1", "preferred_username": "owner", "email": "other@example.org", "email_verified": True},
    {"sub": "mallory-1", "preferred_username": "mallory", "email": "m@example.org", "email_verified": False},
    {"sub": "eve-1", "preferred_username": "eve", "email": "eve@elsewhere.example", "email_verified": True},
    {"sub": "nobody-1"},
    {
        "sub": "strange-1",
        "preferred_username": "ad\u0430",
        "given_name": "\u202eevil",
        "family_name": "two\nlines",
        "email": "strange@example.org",
        "email_verified": True,
    },
    {
        "sub": "late-1",
        "preferred_username": "<b>late</b>",
        "email": "late@EXAMPLE.org",
        "email_verified": True,
        "ipaddr": "203.0.113.77",
    },
)


@contextmanager
def provider() -> Iterator[str]:
    """Run the provider, and yield its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    people = [argument for claims in PEOPLE for argument in ("--user-claims", json.dumps(claims))]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *people],
        env=os.environ | {"NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: _is_up(address), 60)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _is_up(address: str) -> bool:
    try:
        with urlopen(f"{address}/.well-known/openid-configuration", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
