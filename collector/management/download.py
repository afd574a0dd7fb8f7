"""Read a file from the web for a command that a person or a timer runs. The server itself asks strangers for nothing.

Only over HTTPS, from public addresses, with limits of size and time. A name is looked up once, and the connection goes
to the address that was checked: another answer of the name's server can't lead into the local network.
"""

import http.client
import socket
import ssl
import time
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

MAX_BYTES = 32 * 1024 * 1024  # npm's answer about a large package has 15 MB
TIMEOUT_SECONDS = 10.0  # of one step
MOST_SECONDS = 60.0  # of all
MAX_REDIRECTS = 3
READ_BYTES = 64 * 1024
AGENT = "Footfall (reads releases; run by its operator)"
_REDIRECTS = {301, 302, 303, 307, 308}


class DownloadError(Exception):
    """A file could not be read. The text says why, and what to do."""


class _CheckedConnection(http.client.HTTPSConnection):
    """Connects to a public address of its host, and to no other."""

    def connect(self) -> None:
        address = public_address(self.host, self.port)
        connected = socket.create_connection((address, self.port), self.timeout)
        context = ssl.create_default_context()
        self.sock = context.wrap_socket(connected, server_hostname=self.host)


def download(url: str) -> bytes:
    """Return the content of a file. Raises DownloadError."""
    ends_at = time.monotonic() + MOST_SECONDS
    for _ in range(MAX_REDIRECTS + 1):
        try:
            content, url = _fetch(url, ends_at)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DownloadError(f"Can't read {url}: {error or type(error).__name__}.") from None
        if content is not None:
            return content
    raise DownloadError(f"Can't read {url}: it is redirected too often.")


def public_address(host: str, port: int) -> str:
    """Return the first address of a host. Raises OSError if any of its addresses is not public."""
    addresses = [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in addresses:
        if not ip_address(address.partition("%")[0]).is_global:
            raise OSError(f"{host} is at {address}, which is not a public address")
    return addresses[0]


def _fetch(url: str, ends_at: float) -> tuple[bytes | None, str]:
    """Return the content at an address, or None and the address that it redirects to."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise OSError("the address must begin with https://")
    connection = _CheckedConnection(parts.hostname, parts.port or 443, timeout=TIMEOUT_SECONDS)
    try:
        path = parts.path or "/"
        headers = {"User-Agent": AGENT, "Accept": "*/*"}
        connection.request("GET", f"{path}?{parts.query}" if parts.query else path, headers=headers)
        answer = connection.getresponse()
        if answer.status in _REDIRECTS:
            return None, urljoin(url, answer.getheader("Location", ""))
        if answer.status != 200:
            raise OSError(f"the answer is {answer.status} {answer.reason}")
        return _content(answer, ends_at), url
    finally:
        connection.close()


def _content(answer: http.client.HTTPResponse, ends_at: float) -> bytes:
    content = bytearray()
    while block := answer.read1(READ_BYTES):
        content += block
        if len(content) > MAX_BYTES:
            raise OSError(f"it is larger than {MAX_BYTES // 1024 // 1024} MB")
        if time.monotonic() > ends_at:
            raise OSError(f"it takes longer than {MOST_SECONDS:.0f} seconds")
    return bytes(content)
