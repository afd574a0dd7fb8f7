"""Fixtures of the tests of usage: a program, and a function that counts reports."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from collector.models import Driver, Kind, Pixel, ReportDimension
from tests.programs import count as write_count

DAY = date(2026, 11, 20)  # a Friday
Count = Callable[..., None]


def day(ago: int) -> date:
    return DAY - timedelta(days=ago)


@pytest.fixture
def program(project) -> Pixel:
    return Pixel.objects.create(project=project, title="Paperclip", kind=Kind.APP)


@pytest.fixture
def count(program) -> Count:
    """Return a function that writes one count of the program. `ago` is days before `DAY`, `gap` 0 for none."""

    def count(
        dimension: ReportDimension, value: str, reports: int, *, ago: int = 0, gap: int = 0, number: int = 0,
        driver: Driver = Driver.PERSON, pixel: Pixel = program,
    ) -> None:  # fmt: skip
        write_count(pixel, dimension, value, reports, day=day(ago), gap=gap, number=number, driver=driver)

    return count


@pytest.fixture
def another_program(project, count) -> Pixel:
    """Count a lot for another program of the same project: it must be in no answer."""
    other = Pixel.objects.create(project=project, title="Another", kind=Kind.APP)
    for dimension in set(ReportDimension) - {ReportDimension.COHORT}:
        count(dimension, "1.0>2.0" if dimension == ReportDimension.UPGRADE else "x", 1000, number=1000, pixel=other)
    count(ReportDimension.COHORT, "2026-W47", 1000, ago=4, driver=Driver.INSTALLATIONS, pixel=other)
    return other
