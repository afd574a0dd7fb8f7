"""The site's settings, from the environment or a `.env` file beside `manage.py`.

A wrong setting raises `ImproperlyConfigured`, which names the setting and says what to write instead. README.md lists
every setting; a test checks that.
"""

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from collector.logs import drop_traceback
from telemetry_site.data_dir import prepared_data_dir, stored_secret_key
from telemetry_site.public_url import public_url

django_stubs_ext.monkeypatch()  # lets ModelAdmin[Pixel] and the like be written without TYPE_CHECKING

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
            "PRAGMA cache_size=-32000",
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


# Data

DATA_DIR = prepared_data_dir(env.str("DATA_DIR", str(BASE_DIR / "data")))
os.umask(0o077)  # SQLite and Django create their files for everybody
SPOOL_DIR = DATA_DIR / "spool"
METRICS_DIR = DATA_DIR / "metrics"
SPOOL_DURABILITY = one_of("SPOOL_DURABILITY", ["os", "disk"])
SPOOL_MAX_BYTES = whole_number("SPOOL_MAX_BYTES", 1024**3)
CACHES = {"default": cache(env.str("CACHE_URL", "locmemcache://"))}
DATABASES = {
    "default": database(
        env.str("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}"), is_durable=SPOOL_DURABILITY == "disk"
    )
}
PUBLIC_URL = public_url(env.str("PUBLIC_URL", ""))
OPERATOR = env.str("OPERATOR", "").strip()
GEOIP_DB = env.str("GEOIP_DB", "")
GEOIP_FEEDS = [path.strip() for path in env.list("GEOIP_FEEDS", default=[]) if path.strip()]

# Access

METRICS_TOKEN = secret("METRICS_TOKEN", env.str("METRICS_TOKEN", ""))
DEBUG = switch("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or stored_secret_key(DATA_DIR / "secret_key")
RATE_LIMIT = rate("RATE_LIMIT", "120/m")
RATE_LIMIT_PROXY = rate("RATE_LIMIT_PROXY", "6000/m")
REPORT_RATE_LIMIT = rate("REPORT_RATE_LIMIT", "600/m")
NEW_INSTALLATIONS_PER_NETWORK = whole_number("NEW_INSTALLATIONS_PER_NETWORK", 100)
API_RATE_LIMIT = rate("API_RATE_LIMIT", "120/m")
SHARE_RATE_LIMIT = rate("SHARE_RATE_LIMIT", "240/m")
TRUSTED_PROXIES = whole_number("TRUSTED_PROXIES", 0)
CONNECTIONS_PER_CLIENT = whole_number("CONNECTIONS_PER_CLIENT", 200)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = []
FORCE_SCRIPT_NAME = None
if PUBLIC_URL:
    _public = urlsplit(PUBLIC_URL)
    ALLOWED_HOSTS.append(f"[{_public.hostname}]" if ":" in str(_public.hostname) else str(_public.hostname))
    CSRF_TRUSTED_ORIGINS.append(f"{_public.scheme}://{_public.netloc}")
    if _public.path:
        # Proxies may remove this prefix or pass it on: `collector.intake.prefix` takes both.
        FORCE_SCRIPT_NAME = _public.path
        # Of two cookies with one name, Django reads the wrong one, of a site at `/` on the same host.
        SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = (
            f"{name}{_public.path.replace('/', '-')}" for name in ("sessionid", "csrftoken", "language")
        )
_served_by_tls = PUBLIC_URL.startswith("https://")
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _served_by_tls
# The operator's proxy terminates TLS. It also redirects to https and sends HSTS.
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"]
CSRF_FAILURE_VIEW = "dashboard.views.errors.csrf_failure"
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

# Applications

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
    "collector.intake.middleware.timed",
    "collector.intake.middleware.collector_first",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # adds random padding, against BREACH
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "dashboard.views.errors.page_for_wrong_method",
    "collector.intake.middleware.note_members",
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
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
# The largest form is the admin's list of titles. A larger body is refused before anything of it is kept.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024**2
FILE_UPLOAD_MAX_MEMORY_SIZE = 65_536  # Django keeps the rest of a body in a temporary file
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
LOGIN_REDIRECT_URL = "projects"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("ja", "日本語"),
    ("zh-hans", "简体中文"),
]
LOCALE_PATHS = [BASE_DIR / "telemetry_site" / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 86400
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = _served_by_tls
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True

STATIC_URL = f"{FORCE_SCRIPT_NAME or ''}/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Logs

LOG_FORMAT = one_of("LOG_FORMAT", ["text", "json"])
# No mail to administrators: Django's error mails contain the client's address, which we promise never to write.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "class": "collector.logs.KeylessFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        },
        "json": {"class": "collector.logs.JsonFormatter"},
    },
    "filters": {
        "drop_traceback": {"()": "django.utils.log.CallbackFilter", "callback": drop_traceback},
        "floods": {"()": "collector.logs.FloodFilter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["floods"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.security.DisallowedHost": {"filters": ["drop_traceback"]},
        "collector": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gunicorn.error": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
