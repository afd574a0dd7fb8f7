"""gunicorn's worker as we change it."""

import asyncio
import subprocess
import sys

from collector.intake.asgi import collector_first
from collector.intake.worker import is_supported_gunicorn
from telemetry_site import gunicorn_conf
from tests.server import ROOT


def test_a_worker_stops_even_if_sigterm_arrives_before_it_serves():
    """Otherwise gunicorn waits `graceful_timeout` seconds for it and then kills it."""
    script = """
import os, signal
from gunicorn.config import Config
from gunicorn.glogging import Logger
from collector.intake.worker import PixelWorker
worker = PixelWorker(1, os.getppid(), [], None, 30, Config(), Logger(Config()))
worker._setup_event_loop()
worker.init_signals()
os.kill(os.getpid(), signal.SIGTERM)
print(worker.alive)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert (done.stdout, done.stderr) == ("False\n", "")


def test_gunicorn_has_the_methods_that_our_protocol_overrides():
    assert is_supported_gunicorn()


def test_no_part_of_the_server_needs_the_parser_that_leaks():
    """`gunicorn_h1c` may still be installed, from an earlier version. gunicorn would choose it by itself."""
    assert gunicorn_conf.http_parser == "python"
    assert "gunicorn_h1c" not in (ROOT / "pyproject.toml").read_text("utf-8")
    assert "gunicorn_h1c" not in (ROOT / "constraints.txt").read_text("utf-8")


def test_a_server_that_upgrades_to_websockets_is_told_to_close_them(db):
    sent: list[dict] = []

    async def application(scope, receive, send):
        raise AssertionError("Django answers no WebSocket")

    async def receive() -> dict:
        return {"type": "websocket.connect"}

    async def send(message: dict) -> None:
        sent.append(message)

    asyncio.run(collector_first(application)({"type": "websocket", "path": "/p/x.gif"}, receive, send))

    assert sent == [{"type": "websocket.close"}]
