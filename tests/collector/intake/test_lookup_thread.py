"""The thread of the lookups: what it begins with, and what must not end it."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from collector.intake import askers, lookups
from collector.intake.lookups import Lookups
from collector.models import Pixel, Project
from collector.storage.salts import load_salts
from collector.storage.standby import update_standby
from tests.hits import micros
from tests.server import eventually

NOON = micros(f"{datetime.now(UTC).date()}T12:00")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def memory(tmp_path):
    memory = Lookups(tmp_path / "spool")
    yield memory
    memory.close()


def test_a_network_that_may_ask_no_more_reaches_what_was_known_before_a_restart(memory, pixel, tmp_path):
    retired = Pixel.objects.create(project=pixel.project, title="Old")
    update_standby(tmp_path / "spool", timezone.now())
    Pixel.objects.filter(pk=retired.pk).update(retired_at=timezone.now())
    for number in range(askers.MAX_UNKNOWN):
        token = f"{number:020}"
        assert not memory.is_refused(token, "198.51.100.7")
        assert memory.ask(token, NOON, "198.51.100.7").result(20) is False

    assert memory.is_refused("x" * 20, "198.51.100.7")
    assert memory.pixels[pixel.token].project_id == pixel.project_id
    assert [memory.salt(memory.pixels[pixel.token], NOON)] == [
        *load_salts([timezone.now().date().isoformat()]).values()
    ]
    eventually(lambda: retired.token not in memory.pixels, 20)


def test_networks_that_can_not_be_read_stop_nobody(memory, pixel):
    Project.objects.update(excluded_networks="192.0.2.0/24 my office\n2001:db8::/48")

    assert memory.ask(pixel.token, NOON, "").result(20)
    networks = memory.pixels[pixel.token].networks
    assert [str(network) for network in networks] == ["192.0.2.0/24", "2001:db8::/48"]


def test_an_error_that_nobody_expected_stops_no_thread(memory, pixel, monkeypatch):
    monkeypatch.setattr(lookups, "_live", lambda pixel: 1 / 0)
    assert memory.ask(pixel.token, NOON, "").result(20) is None
    monkeypatch.undo()

    assert memory.ask(pixel.token, NOON, "").result(20)
