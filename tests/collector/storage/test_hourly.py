"""Deletion goes on in short steps between batches, and starts again after an hour."""

from datetime import UTC, datetime

import pytest

from collector.models import Hit, Project
from collector.storage import retention
from collector.storage.hourly import PERIOD_SECONDS, STEP_SECONDS, Hourly
from tests.hits import hit

pytestmark = pytest.mark.django_db(transaction=True)


def test_much_to_delete_does_not_keep_the_drain_from_its_batches(take, pixel, tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "DELETE_ROWS", 2)
    monkeypatch.setattr("collector.storage.hourly.timezone.now", lambda: datetime(2026, 11, 22, 12, tzinfo=UTC))
    Project.objects.update(retention_days=2)
    take(*(hit(pixel, f"2026-11-01T10:0{minute}") for minute in range(9)), hit(pixel, "2026-11-22T10:00"))
    seconds = [1.0]

    def clock() -> float:
        """Let each look at the clock be a step and a half later: every second step is the last one for now."""
        seconds[0] += STEP_SECONDS * 0.75
        return seconds[0]

    hourly = Hourly(tmp_path, clock)
    kept = []
    for _ in range(40):
        hourly.step()
        kept.append(Hit.objects.count())
    numbers = sorted(set(kept), reverse=True)
    assert numbers[0] == 10
    assert numbers[-1] == 1
    assert len(numbers) > 3
    assert kept == sorted(kept, reverse=True)

    take(hit(pixel, "2026-11-01T10:30"))
    hourly.step()
    assert Hit.objects.count() == 2  # nothing to do within the hour
    seconds[0] += PERIOD_SECONDS
    for _ in range(40):
        hourly.step()
    assert Hit.objects.count() == 1
