"""Which numbers of a program a badge may show."""

from datetime import date

import msgspec
import pytest
from django.utils import timezone

from collector.badges.figures import figures_of
from collector.badges.published import Public, published
from collector.models import Pixel, PublishedPart, PublishedWeek
from collector.programs.published import PublishedInstallations
from collector.programs.small_counts import PublishedTable
from tests.programs import DECLARATION, declared

pytestmark = pytest.mark.django_db
WEEK = PublishedInstallations(40, {"version": PublishedTable((("2.4.1", 25), ("2.4.0", 10)), 5)})
SHARES = {"2.4.1": 0.625, "2.4.0": 0.25}
BOTH = frozenset({"installations", "newest-share"})


def program_with(project, *panels: str) -> Pixel:
    """Return a program whose declaration makes these panels public."""
    public = f"\npublic = {msgspec.json.encode(panels).decode()}" if panels else ""
    return declared(project, DECLARATION.replace('kind = "command"', f'kind = "command"{public}'))


def publish(pixel: Pixel, week: PublishedInstallations, day: date = date(2026, 11, 9), part: int = 0) -> None:
    body = msgspec.json.encode(week).decode()
    PublishedWeek.objects.create(project=pixel.project, pixel=pixel, week=day, part=part, body=body)


@pytest.mark.parametrize(
    ("panels", "expected"),
    [
        (["actives", "versions"], Public(BOTH, 40, SHARES)),
        (["actives", "systems"], Public(frozenset({"installations"}), 40, None)),
        (["versions"], Public(frozenset({"newest-share"}), None, SHARES)),
        (["systems", "events"], Public()),
        ([], Public()),
    ],
)
def test_a_badge_shows_what_is_published_and_the_declaration_makes_public(project, panels, expected):
    program = program_with(project, *panels)
    publish(program, WEEK)

    assert published(program) == expected


def test_the_last_published_week_counts_even_if_it_has_too_few_installations_to_say(project):
    program = program_with(project, "actives", "versions")
    assert published(program) == Public(BOTH)
    publish(program, WEEK, date(2026, 11, 16))
    publish(program, PublishedInstallations(99, {}))
    publish(program, PublishedInstallations(7, {}), date(2026, 11, 23), PublishedPart.EVENTS)
    assert published(program) == Public(BOTH, 40, SHARES)
    publish(program, PublishedInstallations(None, {}), date(2026, 11, 23))
    assert published(program) == Public(BOTH)


def test_the_figures_of_a_program_take_two_queries(project, django_assert_num_queries):
    program = program_with(project, "actives", "versions")
    publish(program, WEEK)

    with django_assert_num_queries(2):
        figures = figures_of(program.token, "all", timezone.now())
    assert figures
    assert (figures.public, figures.installations, figures.shares) == (BOTH, 40, SHARES)
