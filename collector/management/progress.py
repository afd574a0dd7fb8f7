"""A progress bar for long commands. Without a terminal, it writes one line for each tenth."""

import time
from typing import Self

from django.core.management.base import OutputWrapper

WIDTH = 30
REDRAW_SECONDS = 0.1


class ProgressBar:
    """Shows how much of `total` is done, how fast, and how long the rest will take."""

    def __init__(self, total: int, label: str, out: OutputWrapper) -> None:
        self._total = total
        self._label = label
        self._out = out
        self._done = 0
        self._tenth = 0
        self._started_at = self._drawn_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._out.isatty():
            self._draw(time.monotonic())
            self._out.write("")

    def advance(self, count: int) -> None:
        """Add `count` to what is done."""
        self._done += count
        now = time.monotonic()
        if self._out.isatty():
            if now - self._drawn_at >= REDRAW_SECONDS:
                self._draw(now)
        elif self._total and self._done * 10 // self._total > self._tenth:
            self._tenth = self._done * 10 // self._total
            self._out.write(self._text(now))

    def _draw(self, now: float) -> None:
        self._drawn_at = now
        self._out.write(f"\r{self._text(now)}\033[K", ending="")
        self._out.flush()

    def _text(self, now: float) -> str:
        share = self._done / self._total if self._total else 1.0
        rate = self._done / max(now - self._started_at, 1e-6)
        seconds_left = (self._total - self._done) / rate if rate else 0.0
        bar = "█" * int(share * WIDTH)
        numbers = f"{self._done:,} of {self._total:,}  {rate:,.0f}/s  {seconds_left:.0f} s left"
        return f"{self._label} {bar:·<{WIDTH}} {share:4.0%}  {numbers}"
