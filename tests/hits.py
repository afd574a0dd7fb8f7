"""Invented hits for tests, and a drain that stores them."""

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from collector.models import DailyCount, Dimension, Pixel
from collector.models.counts import WHOLE_PROJECT
from collector.spool.line import SpooledHit
from collector.spool.writer import SpoolWriter
from collector.storage.drain import Drain

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.0 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CAMO = "github-camo (4b76e509)"


def micros(text: str) -> int:
    """Return a time such as 2026-03-29T00:30 in microseconds since the epoch. Without a time zone it is UTC."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000)


def hit(pixel: Pixel, at: str = "2026-11-22T10:00", **fields: object) -> SpooledHit:
    """Return a reader's hit. `fields` are those of SpooledHit."""
    defaults: dict[str, object] = {"agent": IPHONE, "visitor": 1, "country": "DE", "language": "de"}
    return SpooledHit(token=pixel.token, at_us=micros(at), **(defaults | fields))  # type: ignore[arg-type]


def spool(directory: Path, hits: Iterable[SpooledHit]) -> None:
    """Write hits into a new segment, and finish it."""
    writer = SpoolWriter(directory)
    for spooled_hit in hits:
        writer.append(spooled_hit.to_line())
    writer.close()


def run_one_round(directory: Path) -> None:
    """Run the drain of a directory until it first waits: it has then done everything that it does regularly."""
    stop = threading.Event()

    class Rounds:
        """An event that is set after the first round of the drain."""

        is_set = staticmethod(stop.is_set)

        def wait(self, seconds: float) -> None:
            stop.set()

    Drain(directory).run(Rounds())  # type: ignore[arg-type]


def drain(directory: Path, **options: int) -> Drain:
    """Drain until the spool is empty."""
    drain = Drain(directory, **options)
    while drain.drain_once():
        pass
    return drain


def counts(dimension: str, pixel_id: int = WHOLE_PROJECT) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return `(hits, visitors)` by date, platform and value; of the whole project if no pixel is named."""
    rows = DailyCount.objects.filter(dimension=Dimension[dimension.upper()], pixel_id=pixel_id)
    return {(row.date.isoformat(), row.platform, row.value): (row.hits, row.visitors) for row in rows}
