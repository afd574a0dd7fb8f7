"""Real disks that are soon full. Only root may mount them; elsewhere the tests that need one are skipped."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(path: Path, kibibytes: int, *, is_read_only: bool = False) -> Iterator[Path]:
    """Mount an empty disk of this size at a new directory."""
    path.mkdir(mode=0o700)
    size = f"size={kibibytes}k,mode=0700{',ro' if is_read_only else ''}"
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", path]).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
