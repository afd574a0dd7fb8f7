"""gunicorn's worker as we change it."""

import subprocess
import sys

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
