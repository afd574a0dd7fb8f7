"""The statement that reads raw hits for a filter."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.models import Dimension
from collector.models.counts import WHOLE_PROJECT
from dashboard.visits.filters import Filters
from dashboard.visits.from_hits import read_raw_hits
from dashboard.visits.periods import Period
from tests.hits import hit

WEEK = Period(date(2026, 11, 2), date(2026, 11, 9))
FROM_GERMANY = Filters(values=((Dimension.COUNTRY, "DE"),))


@pytest.fixture(params=["in a transaction", "on its own"])
def isolation(request):
    request.getfixturevalue("db" if request.param == "in a transaction" else "transactional_db")


def test_hits_of_a_week_are_read_along_the_primary_key_in_one_query(isolation, project, pixel, take):
    countries = ["DE", "FR"] * 100
    take(*(hit(pixel, f"2026-11-03T10:00:{n % 60:02}+00:00", country=country) for n, country in enumerate(countries)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # so that PostgreSQL knows how small the table is, and would read it whole
    with CaptureQueriesContext(connection) as queries:
        source = read_raw_hits(project, WHOLE_PROJECT, FROM_GERMANY, WEEK, since=WEEK.start)
    assert [(day.date, day.visits) for day in source.platform_days()] == [(date(2026, 11, 3), 100)]
    assert len(queries) == 1
    settings, _, statement = queries[0]["sql"].rpartition("; ")
    with connection.cursor() as cursor:
        explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else f"{settings}; EXPLAIN "
        cursor.execute(explain + statement)
        while connection.vendor == "postgresql" and cursor.nextset():
            continue
        plan = " ".join(str(row) for row in cursor.fetchall())
    key = "USING INDEX sqlite_autoindex_collector_hit" if connection.vendor == "sqlite" else r"collector_hit\w*_pkey"
    assert re.search(key, plan)
    assert "Seq Scan" not in plan


def test_the_next_statement_is_planned_as_usual(transactional_db, project, pixel, take):
    read_raw_hits(project, WHOLE_PROJECT, FROM_GERMANY, WEEK, since=WEEK.start)
    names = ["enable_seqscan", "jit"] if connection.vendor == "postgresql" else []
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute("SELECT setting, reset_val FROM pg_settings WHERE name = %s", [name])
            now, before = cursor.fetchone()
            assert now == before, name
