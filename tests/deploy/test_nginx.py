"""deploy/nginx.conf before a real server: TLS, the client's address, the login, and an image while we are stopped."""

import http.client
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from collector.intake.answers import GIF
from tests.endpoints import CHROME
from tests.requirements import missing
from tests.server import PASSWORD, ROOT, Server, database, eventually, free_port, new_pixel

pytestmark = pytest.mark.one_database

NAME = "hits.example.org"
OWN, OTHER = "127.0.0.2", "127.0.0.3"  # addresses of clients
OWN_ADDRESSES = f"from collector.models import Project; Project.objects.update(excluded_networks='{OWN}')"
CONFIG = """
pid nginx.pid;
daemon off;
events {}
http {
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  include footfall.conf;
}
"""


class Site:
    """The server behind nginx. `port` is where nginx speaks TLS."""

    def __init__(self, server: Server, port: int, context: ssl.SSLContext) -> None:
        self.server, self.port, self._context = server, port, context

    def ask(self, path: str, *, source: str = OTHER, body: str | None = None, **headers: str):
        """Return the answer to a client at the address `source`, with its body as `content`."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=20, source_address=(source, 0), context=self._context
        )
        host = {"Host": f"{NAME}:{self.port}", "User-Agent": CHROME}
        connection.request("POST" if body else "GET", path, body, host | headers)
        answer = connection.getresponse()
        answer.content = answer.read()
        connection.close()
        return answer


def make_certificate(directory: Path) -> ssl.SSLContext:
    """Make a certificate and its key in `directory`; return what a client needs to trust it, and only it."""
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-keyout", "privkey.pem", "-out", "fullchain.pem", "-subj", f"/CN={NAME}",
        "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1",
    ]  # fmt: skip
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return ssl.create_default_context(cafile=str(directory / "fullchain.pem"))


def write_config(directory: Path, upstream: int, plain: int, tls: int) -> None:
    """Write deploy/nginx.conf with ports and files of this test in place of the usual ones."""
    text = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    for usual, ours in {
        "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ": f"listen 127.0.0.1:{tls} ",
        "/etc/letsencrypt/live/hits.example.org": str(directory),
    }.items():
        assert usual in text
        text = text.replace(usual, ours)
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    (directory / "footfall.conf").write_text(text)
    (directory / "nginx.conf").write_text(CONFIG)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    nginx = shutil.which("nginx") or missing("Install nginx: apt-get install nginx-light")
    directory = tmp_path_factory.mktemp("nginx")
    directory.chmod(0o755)  # nginx drops the rights of root
    context = make_certificate(directory)
    tls = free_port()
    data = tmp_path_factory.mktemp("data")
    with database(data, is_prepared=True) as url:
        server = Server(data, url, PUBLIC_URL=f"https://{NAME}:{tls}", TRUSTED_PROXIES="1")
        write_config(directory, server.port, free_port(), tls)
        server.start("--workers", "1")
        proxy = subprocess.Popen([nginx, "-p", str(directory), "-c", "nginx.conf", "-e", "error.log"])
        site = Site(server, tls, context)
        try:
            eventually(lambda: is_up(site), 20)
            yield site
        finally:
            proxy.terminate()
            proxy.wait(20)
            if server.is_running:
                server.stop()
        # nginx writes the addresses of no client.
        written = [path.read_bytes() for path in directory.rglob("*") if path.is_file()]
        assert not any(address.encode() in text for text in written for address in (OWN, OTHER))


def is_up(site: Site) -> bool:
    try:
        return site.ask("/healthz").status == 200
    except OSError:
        return False


def verdict(site: Site, token: str, **options: str) -> str:
    return site.ask(f"/p/{token}/medium.gif", **options).headers["X-Telemetry"]


def test_it_serves_over_tls_with_the_address_of_the_client(site):
    token = new_pixel(site.server)["token"]
    site.server.manage("shell", "-v0", "-c", OWN_ADDRESSES)

    assert verdict(site, token, source=OWN) == "excluded"
    forged = {"X-Forwarded-For": OWN, "Forwarded": f"for={OWN}"}
    assert verdict(site, token, source=OTHER, **forged) == "counted"
    assert verdict(site, token, source=OWN, **{"X-Forwarded-For": OTHER, "Forwarded": f"for={OTHER}"}) == "excluded"
    assert site.ask(f"/p/{token}.gif", **{"X-Long": "x" * 60_000}).content == GIF


def test_people_can_log_in(site):
    form = site.ask("/login/")
    assert form.headers["Strict-Transport-Security"] == "max-age=31536000"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', form.content.decode())[1]
    cookie = form.headers["Set-Cookie"].partition(";")[0]
    fields = urlencode({"csrfmiddlewaretoken": token, "username": "admin", "password": PASSWORD})
    headers = {"Cookie": cookie, "Origin": f"https://{NAME}:{site.port}", "Referer": f"https://{NAME}:{site.port}/"}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = site.ask("/login/", body=fields, **headers, **kind)
    assert (answer.status, answer.headers["Location"]) == (302, "/")
    assert all("Secure" in line for line in answer.headers.get_all("Set-Cookie"))


def test_readers_get_an_image_while_the_server_is_stopped(site):
    site.server.stop()
    answer = site.ask("/p/abcdefghijkmnpqrstuv/medium.gif")
    assert (answer.status, answer.headers["Content-Type"], answer.content[:6]) == (502, "image/gif", b"GIF89a")
    assert site.ask("/login/").status == 502
