"""A full disk: hits that were acknowledged are kept, and new ones are taken in as soon as there is room again."""

import http.client
import os
import signal

import pytest

from tests.disks import small_disk
from tests.readers import Readers
from tests.server import Server, eventually, new_pixel, running


def readyz(server: Server) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/readyz")
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content


@pytest.mark.one_database
def test_hits_are_kept_again_as_soon_as_the_drain_has_made_room_on_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    with small_disk(tmp_path / "spool", 64), running(tmp_path, "--workers", "2") as server:
        token = new_pixel(server)["token"]
        drain = server.drain_pid()
        os.kill(drain, signal.SIGSTOP)
        readers = Readers(server, token, 600)
        readers.read_all()
        assert set(readers.answers.values()) == {200, 503}
        status, content = readyz(server)
        assert (status, content.splitlines()[0]) == (503, b"hits are being lost: No space left on device")

        os.kill(drain, signal.SIGCONT)
        eventually(lambda: server.spooled_bytes() < 20_000, 60)
        kept = [*readers.acknowledged]

        def every_hit_is_kept() -> bool:
            later = Readers(server, token, 60)
            later.read_all()
            kept.extend(later.acknowledged)
            return set(later.answers.values()) == {200}

        eventually(every_hit_is_kept, 60)  # each worker tries a full disk again after a quarter second
        stored = eventually(lambda: (hits := server.hits("blog")) and len(hits) >= len(kept) and hits, 60)
    assert sorted(int(hit["placement"]) for hit in stored) == sorted(kept)
