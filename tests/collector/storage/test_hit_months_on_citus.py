"""The months of raw hits where these are distributed over the workers of a Citus cluster."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from collector.models import Hit
from collector.storage.hit_months import drop_months, make_months, partitions
from tests.hits import hit

pytestmark = [pytest.mark.citus, pytest.mark.django_db(transaction=True)]
PLACE = "SELECT citus_table_type FROM citus_tables WHERE table_name = 'collector_hit_2031_04'::regclass"


def test_a_month_is_distributed_as_it_is_made_with_its_hits_and_dropped_on_all_workers(take, pixel):
    take(hit(pixel, at="2031-04-20T10:00"), hit(pixel, at="2026-11-22T10:00"))
    before = {partition.name for partition in partitions().ranges}

    assert make_months(datetime(2031, 4, 21, tzinfo=UTC)) == 3
    made = [partition for partition in partitions().ranges if partition.name not in before]
    with connection.cursor() as cursor:
        cursor.execute(PLACE)
        assert cursor.fetchone() == ("distributed",)
    assert Hit.objects.count() == 2

    drop_months(made)
    assert Hit.objects.count() == 1
    assert {partition.name for partition in partitions().ranges} == before
