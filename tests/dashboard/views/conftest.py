"""Fixtures of the tests of views."""

from datetime import timedelta

import pytest

from collector.models import Pixel
from tests.crowd import make_program
from tests.dashboard.conftest import NOON
from tests.dashboard.views.program_counts import COUNTS, TODAY, write
from tests.dashboard.views.share_links import visits


@pytest.fixture
def visited_pixel(pixel, take, noon) -> Pixel:
    """A pixel that appeared yesterday and has seven visits."""
    Pixel.objects.update(created_at=NOON - timedelta(days=1))
    take(*visits(pixel, 7))
    pixel.refresh_from_db()
    return pixel


@pytest.fixture
def program(project) -> Pixel:
    """A declared program without reports."""
    return make_program(project, TODAY)


@pytest.fixture
def reported(program) -> Pixel:
    """A program with the reports in `COUNTS`."""
    write(program, *COUNTS)
    return program
