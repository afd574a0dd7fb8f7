"""The site's settings, from the environment or a `.env` file beside `manage.py`.

A wrong setting raises `ImproperlyConfigured`, which names the setting and says what to write instead. README.md lists
every setting; a test checks that.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from telemetry_site.data_dir import prepared_data_dir, stored_secret_key
from telemetry_site.public_url import public_url
from telemetry_site.setting_values import (
    BASE_DIR,
    cache,
    database,
    env,
    mail,
    one_of,
    rate,
    secret,
    single_sign_on,
    switch,
    whole_number,
)

django_stubs_ext.monkeypatch()  # lets ModelAdmin[Pixel] and the like be written without TYPE_CHECKING

# Data

DATA_DIR = prepared_data_dir(env.str("DATA_DIR", str(BASE_DIR / "data")))
os.umask(0o077)  # SQLite and Django create their files for everybody
SPOOL_DIR = DATA_DIR / "spool"
METRICS_DIR = DATA_DIR / "metrics"
SALT_KEYS_DIR = Path(env.str("SALT_KEYS_DIR", str(DATA_DIR / "salt_keys"))).expanduser().resolve()
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
SECOND_FACTOR = one_of("SECOND_FACTOR", ["optional", "owners", "all"])
OIDC_URL = env.str("OIDC_URL", "").strip().rstrip("/")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", "").strip()
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", "").strip()
OIDC_DOMAINS = [domain.strip().lower() for domain in env.list("OIDC_DOMAINS", default=[]) if domain.strip()]
RATE_LIMIT = rate("RATE_LIMIT", "120/m")
RATE_LIMIT_PROXY = rate("RATE_LIMIT_PROXY", "6000/m")
REPORT_RATE_LIMIT = rate("REPORT_RATE_LIMIT", "600/m")
NEW_INSTALLATIONS_PER_NETWORK = whole_number("NEW_INSTALLATIONS_PER_NETWORK", 100)
API_RATE_LIMIT = rate("API_RATE_LIMIT", "120/m")
SHARE_RATE_LIMIT = rate("SHARE_RATE_LIMIT", "240/m")
EXPORT_RATE_LIMIT = rate("EXPORT_RATE_LIMIT", "60/m")
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
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from a form
SESSION_ENGINE = "accounts.sessions.store"
SECURE_HSTS_SECONDS = whole_number("HSTS_SECONDS", 0)
if SECURE_HSTS_SECONDS and not _served_by_tls:
    raise ImproperlyConfigured("HSTS_SECONDS needs a PUBLIC_URL with https://. Set that, or remove HSTS_SECONDS.")
# The operator's proxy terminates TLS. It also redirects to https and, in what `deploy` has, sends HSTS.
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

# Mail

MAIL_FROM = env.str("MAIL_FROM", "").strip()
_email_url = env.str("EMAIL_URL", "")
if bool(MAIL_FROM) != bool(_email_url):
    raise ImproperlyConfigured("To send mail, set both EMAIL_URL and MAIL_FROM. To send none, set neither.")
vars().update(  # EMAIL_HOST and the like
    mail(_email_url or "dummymail://")
)
EMAIL_TIMEOUT = 10  # seconds for which a page waits for the mail server

# Applications

INSTALLED_APPS = [
    "accounts",
    "collector",
    "dashboard",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    # Not "allauth" itself: it brings templates in another look, with inline scripts.
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
]
MIDDLEWARE = [
    "collector.intake.middleware.timed",
    "collector.intake.middleware.collector_first",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # adds random padding, against BREACH
    "csp.middleware.CSPMiddleware",
    "telemetry_site.privacy.private_unless_said",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.second_factor.requirement.second_factor_first",
    "allauth.account.middleware.AccountMiddleware",
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
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000  # of a form, and of a query string
DATA_UPLOAD_MAX_NUMBER_FILES = 0  # no form takes one
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
ACCOUNT_ADAPTER = "accounts.login.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "accounts.login.single_sign_on.SingleSignOnAdapter"
SOCIALACCOUNT_PROVIDERS = single_sign_on(OIDC_URL, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET)
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # `accounts.passwords` counts tries of all processes together
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # a code works half a minute longer, or sooner: clocks differ
PASSWORD_RESET_TIMEOUT = 86_400  # seconds
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
        "floods": {"()": "collector.logs.FloodFilter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["floods"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "collector": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gunicorn.error": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
