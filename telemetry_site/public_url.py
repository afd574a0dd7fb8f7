"""PUBLIC_URL: what it may be, and the one way in which we write it."""

import re
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_PATH = re.compile(r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def public_url(text: str) -> str:
    """Return PUBLIC_URL as browsers write it, without a slash at its end; an empty string if it is not set.

    Names of hosts become lower case and punycode, and a scheme's default port is left out, because requests name their
    host and origin in this way.
    """
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host, port = _host(parts), parts.port
    except ValueError:
        host, port = "", None
    if not _HOST.fullmatch(host) or parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or {"?", "#"} & set(text):
        raise ImproperlyConfigured(
            f"PUBLIC_URL is {text!r}. Use the address that readers reach, such as https://hits.example.org."
        )
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path):
        raise ImproperlyConfigured(
            f"PUBLIC_URL is {text!r}. Use only letters, digits, - and _ in its path, "
            "as in https://www.example.org/footfall."
        )
    netloc = host if port in {None, _DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    return f"{parts.scheme}://{netloc}{path}"


def _host(parts: SplitResult) -> str:
    """Return the host in lower case and ASCII, with brackets around an IPv6 address. Raises ValueError."""
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host.encode("idna").decode()
