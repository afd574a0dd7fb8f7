"""Settings of the site, from the environment or a `.env` file beside `manage.py`.

Raises `ImproperlyConfigured` with one sentence that names the setting and what to write instead.
README.md lists every setting; a test holds that.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))


def whole_number(name: str, default: int) -> int:
    """Read a setting that counts something, 0 or more."""
    text = env.str(name, str(default))
    if not text.isdecimal():
        raise ImproperlyConfigured(f"{name} is {text!r}; write a whole number, such as {default}.")
    return int(text)


def switch(name: str, default: bool) -> bool:
    """Read a setting that is on or off."""
    text = env.str(name, str(default)).strip().lower()
    if text not in {"true", "1", "yes", "on", "false", "0", "no", "off"}:
        raise ImproperlyConfigured(f"{name} is {text!r}; write true or false.")
    return text in {"true", "1", "yes", "on"}


def prepared_data_dir() -> Path:
    """Return DATA_DIR, made and writable, readable by its owner alone."""
    path = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR {path} can't be made ({error.strerror}); name a directory that this user may write to."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"DATA_DIR {path} is not writable; name one that this user may write to.")
    return path


def stored_secret_key(path: Path) -> str:
    """Return the secret key kept in `path`, made on first use, mode 0600. Safe when two processes start at once."""
    try:
        key = path.read_text().strip()
    except FileNotFoundError:
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)  # fails where another process was first: then its key stands
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        key = path.read_text().strip()
    if len(key) < 50:
        raise ImproperlyConfigured(f"{path} holds no usable secret key; delete it and a new one is made.")
    return key


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for a database URL, SQLite or PostgreSQL."""
    try:
        config: dict[str, Any] = env.db_url_config(url)
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured("DATABASE_URL can't be read; write postgres://user:password@host/name.") from error
    engine = config.get("ENGINE", "")
    if engine == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            # A write transaction takes its lock at once: a later upgrade could not wait for another writer.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: the drain deletes a segment after the commit, so the commit must be on the disk.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000",
        }
    elif engine != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            "DATABASE_URL names no database we run on; write sqlite:///path or postgres://user:password@host/name."
        )
    else:
        config["OPTIONS"] = {"connect_timeout": 5} | config.get("OPTIONS", {})
    return config


def public_url(text: str) -> str:
    """Return PUBLIC_URL without its trailing slash, or an empty string where it is not set."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"PUBLIC_URL is {text!r}; write the address readers reach, like https://hits.example.org."
        )
    return text.rstrip("/")


# Where things are

DATA_DIR = prepared_data_dir()
SPOOL_DIR = DATA_DIR / "spool"
DATABASES = {"default": database(env.str("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}"))}
PUBLIC_URL = public_url(env.str("PUBLIC_URL", ""))
GEOIP_DB = env.str("GEOIP_DB", "")

# Who may ask, and for whom

DEBUG = switch("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or stored_secret_key(DATA_DIR / "secret_key")
TRUSTED_PROXIES = whole_number("TRUSTED_PROXIES", 0)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = []
if PUBLIC_URL:
    _public = urlsplit(PUBLIC_URL)
    ALLOWED_HOSTS.append(f"[{_public.hostname}]" if ":" in str(_public.hostname) else str(_public.hostname))
    CSRF_TRUSTED_ORIGINS.append(f"{_public.scheme}://{_public.netloc}")
_served_by_tls = PUBLIC_URL.startswith("https://")
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _served_by_tls
# TLS ends at the operator's proxy, and with it the redirect to it and the word on HSTS.
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Parts

INSTALLED_APPS = [
    "collector",
    "dashboard",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "telemetry_site.urls"
WSGI_APPLICATION = "telemetry_site.wsgi.application"
ASGI_APPLICATION = "telemetry_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# No mail to administrators: Django's error mails carry the client's address, which we promise never to write.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "collector": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
