"""Fixtures of the tests of usage: a program, and a function that counts reports."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from collector.models import Driver, Kind, Pixel, ReportCount, ReportDimension

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
        ReportCount.objects.create(
            project_id=pixel.project_id, pixel=pixel, dimension=dimension, date=day(ago), driver=driver, value=value,
            gap=gap, reports=reports, number=number,
        )  # fmt: skip

    return count
