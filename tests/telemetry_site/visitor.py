"""A browser without scripts, behind a reverse proxy that may remove the path of PUBLIC_URL."""

import re
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection, HTTPMessage
from urllib.parse import urlencode, urljoin, urlsplit

LINK = re.compile(r"""\s(?:(?:href|src|action)="|data-[a-z-]+="(?=/))([^"]*)\"""")
IN_STYLE = re.compile(r"""url\(["']?([^"')]+)""")
IN_SCRIPT = re.compile(r"""(?:from|import) "(\.[^"]+)\"""")


@dataclass(frozen=True, slots=True)
class Page:
    """An answer. `address` is a path as the browser asked for it, with its query."""

    address: str
    status: int
    headers: HTTPMessage
    text: str

    def links(self) -> list[str]:
        """Return the addresses of this site that the page names, whole or below its host."""
        kind = self.headers["Content-Type"] or ""
        patterns = {"text/html": LINK, "text/css": IN_STYLE, "text/javascript": IN_SCRIPT}
        pattern = patterns.get(kind.partition(";")[0])
        found = [unescape(link) for link in pattern.findall(self.text)] if pattern else []
        return [urljoin(self.address, link) for link in found]


@dataclass(slots=True)
class Visitor:
    """A browser at `host`. `removed` is what the proxy removes from the beginning of paths."""

    host: str
    removed: str = ""
    cookies: dict[str, tuple[str, str]] = field(default_factory=dict)  # by name: value and path

    def get(self, address: str, **headers: str) -> Page:
        return self._ask("GET", address, None, headers)

    def post(self, address: str, **fields: str) -> Page:
        """Send a form of this site."""
        token = next(value for name, (value, _) in self.cookies.items() if name.startswith("csrftoken"))
        body = urlencode({"csrfmiddlewaretoken": token} | fields)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self.host}"}
        return self._ask("POST", address, body, headers)

    def follow(self, address: str) -> Page:
        """Get a page, through its redirects."""
        page = self.get(address)
        for _ in range(5):
            if page.status not in {301, 302}:
                break
            page = self.get(urljoin(page.address, page.headers["Location"]))
        return page

    def _ask(self, method: str, address: str, body: str | None, headers: dict[str, str]) -> Page:
        path = urlsplit(address).path
        sent = [f"{name}={value}" for name, (value, below) in self.cookies.items() if path.startswith(below)]
        if sent:
            headers["Cookie"] = "; ".join(sent)
        connection = HTTPConnection(self.host, timeout=30)
        target = address.removeprefix(self.removed) if path.startswith(f"{self.removed}/") else address
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        page = Page(address, answer.status, answer.headers, answer.read().decode("utf-8", "replace"))
        connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0], re.search(r"Path=([^;]+)", rest)[1]
        return page
