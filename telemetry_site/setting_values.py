"""Reads settings one by one. A wrong one raises `ImproperlyConfigured`, which says what to write instead."""

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))

FEWEST_SECRET = 16  # characters


def whole_number(name: str, default: int) -> int:
    """Read a setting that is a whole number, 0 or more."""
    text = env.str(name, str(default))
    if not text.isdecimal():
        raise ImproperlyConfigured(f"{name} is {text!r}. Use a whole number, such as {default}.")
    return int(text)


def one_of(name: str, words: list[str]) -> str:
    """Read a setting that is one of `words`. The first is the default."""
    text: str = env.str(name, words[0])
    if text not in words:
        raise ImproperlyConfigured(f"{name} is {text!r}. Use {' or '.join(words)}.")
    return text


def secret(name: str, text: str) -> str:
    """Return the value of a setting that opens something to all who know it. It may be empty, but not short."""
    text = text.strip()
    if text and (len(text) < FEWEST_SECRET or not text.isascii()):
        raise ImproperlyConfigured(
            f"{name} is too easy to guess. Use at least {FEWEST_SECRET} letters and digits, such as what "
            "“openssl rand -hex 24” prints."
        )
    return text


def rate(name: str, default: str) -> tuple[int, int]:
    """Read a rate such as 120/m; return requests and seconds. 0 means no limit."""
    text = env.str(name, default)
    match = re.fullmatch(r"([0-9]{1,9})/([smhd])|0", text)
    if not match:
        raise ImproperlyConfigured(
            f"{name} is {text!r}. Use requests per s, m, h or d, such as {default}, or 0 for no limit."
        )
    return (int(match[1]), {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]) if match[1] else (0, 60)


def cache(url: str) -> dict[str, Any]:
    """Return Django's settings for the cache: shared by all processes, or in the memory of each."""
    try:
        config: dict[str, Any] = env.cache_url_config(url)
    except (ValueError, KeyError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured("Can't read CACHE_URL. Use redis://host:6379/0, or leave it out.") from error
    if "redis" in config["BACKEND"]:
        if find_spec("redis") is None:
            raise ImproperlyConfigured(
                "CACHE_URL uses Redis. Install its client: pip install -c constraints.txt '.[redis]'."
            )
        # A cache that hangs must not delay readers. The rate limit then does without it.
        config["OPTIONS"] = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25} | config.get("OPTIONS", {})
    elif "locmem" in config["BACKEND"]:
        config["OPTIONS"] = {"MAX_ENTRIES": 100_000}
    return config


def switch(name: str, default: bool) -> bool:
    """Read a setting that is true or false."""
    text = env.str(name, str(default)).strip().lower()
    if text not in {"true", "1", "yes", "on", "false", "0", "no", "off"}:
        raise ImproperlyConfigured(f"{name} is {text!r}. Use true or false.")
    return text in {"true", "1", "yes", "on"}


def mail(url: str) -> dict[str, Any]:
    """Return Django's settings for sending mail."""
    try:
        config: dict[str, Any] = env.email_url_config(url)
    except (ValueError, KeyError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured("Can't read EMAIL_URL. Use smtp+tls://user:password@host:587.") from error
    return config


def single_sign_on(url: str, client_id: str, secret: str) -> dict[str, Any]:
    """Return django-allauth's settings for an OpenID Connect provider; empty without one."""
    if not (url or client_id or secret):
        return {}
    if not (url and client_id and secret) or urlsplit(url).scheme not in {"https", "http"}:
        raise ImproperlyConfigured(
            "For single sign-on, set OIDC_URL, such as https://id.example.org, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET."
        )
    app = {
        "provider_id": "single-sign-on",
        "name": "single sign-on",
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": url},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


def database(url: str, *, is_durable: bool) -> dict[str, Any]:
    """Return Django's settings for a database URL, SQLite or PostgreSQL. `is_durable`: commits survive a power cut."""
    try:
        config: dict[str, Any] = env.db_url_config(url)
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured("Can't read DATABASE_URL. Use postgres://user:password@host/name.") from error
    engine = config.get("ENGINE", "")
    if engine == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            # A transaction takes the write lock at its start. If it takes the lock later, it can't wait for another
            # writer, and fails.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # The drain deletes a segment after its commit. With durability `disk`, the commit must be on the disk too.
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={'FULL' if is_durable else 'NORMAL'}; "
            # Some builds of SQLite leave deleted rows in free pages.
            "PRAGMA cache_size=-32000; PRAGMA secure_delete=ON",
        }
    elif engine != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            "DATABASE_URL is for an unsupported database. Use sqlite:///path or postgres://user:password@host/name."
        )
    else:
        # A server that is unreachable without a word counts as gone after half a minute, not after hours (tcp(7)).
        patience = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
        config["OPTIONS"] = {"connect_timeout": 5} | patience | config.get("OPTIONS", {})
    return config
