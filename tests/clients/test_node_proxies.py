"""The senders of the clients for Node behind proxies, and with TLS."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.node import FORMS, START, NodeProgram
from tests.clients.stub import stub_server
from tests.requirements import missing


class Proxy:
    """A proxy on loopback. It passes on to `target` whatever it is asked for, and keeps the heads of the requests."""

    def __init__(self, target: str) -> None:
        self.target = ("127.0.0.1", int(target.rpartition(":")[2]))
        self.heads: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed
            head = client.recv(65536)
            self.heads.append(head.decode("latin-1"))
            with client, socket.create_connection(self.target) as server:
                if head.startswith(b"CONNECT "):
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    server.sendall(head)
                back = threading.Thread(target=pump, args=(server, client))
                back.start()
                pump(client, server)
                back.join()


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other side has ended


@contextmanager
def proxy_to(target: str) -> Iterator[Proxy]:
    proxy = Proxy(target)
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.listener.shutdown(socket.SHUT_RDWR)
        proxy.listener.close()
        thread.join()


@pytest.mark.parametrize(
    ("variables", "is_used"),
    [
        ({"HTTP_PROXY": "http://user:p%40ss@PROXY"}, True),
        ({"http_proxy": "PROXY", "no_proxy": "other.example, clip.example"}, True),
        ({"ALL_PROXY": "http://PROXY", "HTTPS_PROXY": "http://127.0.0.1:9"}, True),
        ({"HTTP_PROXY": "http://PROXY", "REQUEST_METHOD": "GET"}, False),
        ({"HTTP_PROXY": "http://PROXY", "NO_PROXY": "localhost, .paperclip.example"}, False),
        ({"HTTP_PROXY": "socks5://PROXY"}, False),
    ],
)
def test_proxies_of_the_environment_are_honoured(device, stub, variables, is_used):
    # Without a proxy, nobody finds this name.
    program = NodeProgram(device, FORMS[0], "http://hits.paperclip.example")
    program.tell()
    with proxy_to(stub.url) as proxy:
        program.run(START, **{name: value.replace("PROXY", proxy.address) for name, value in variables.items()})

    assert len(stub.requests) == len(proxy.heads) == int(is_used)
    assert all(head.startswith("POST http://hits.paperclip.example/e/") for head in proxy.heads)
    if "HTTP_PROXY" in variables and "user" in variables["HTTP_PROXY"]:
        assert "proxy-authorization: basic dxnlcjpwqhnz" in proxy.heads[0].lower()


def test_tls_goes_through_a_tunnel_and_certificates_are_checked(device, tmp_path):
    certificate, key = self_signed(tmp_path)
    with stub_server() as stub:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        stub.server.socket = context.wrap_socket(stub.server.socket, server_side=True)
        program = NodeProgram(device, FORMS[1], "https://hits.paperclip.example")
        program.tell()
        with proxy_to(stub.url) as proxy:
            variables = {"HTTPS_PROXY": f"http://{proxy.address}"}
            program.run(START, **variables)
            assert stub.requests == []  # nobody vouches for the certificate
            program.run(START, "2026-11-26", **variables, NODE_EXTRA_CA_CERTS=str(certificate))

    assert [len(body["reports"]) for body in stub.bodies()] == [2]
    assert all(head.startswith("CONNECT hits.paperclip.example:443 ") for head in proxy.heads)
    assert len(proxy.heads) == 2


def self_signed(directory: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        missing("install openssl")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", "/CN=hits.paperclip.example", "-addext", "subjectAltName=DNS:hits.paperclip.example"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True, env=os.environ)
    return certificate, key
