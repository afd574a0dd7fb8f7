"""The numbers on badges: they agree with the dashboard."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from collector.badges.figures import Figures, figures_of
from collector.models import Pixel, Verdict
from tests.dashboard.views.page_reader import Tables
from tests.hits import CAMO, hit

PUBLIC = frozenset({"visits", "visitors"})
RANGES = ("all", "30d", "7d")
DAYS = (0, 1, 6, 7, 29, 30, 31, 400, 1700)  # ago


def hits_of(pixel: Pixel) -> list:
    """Return four visits, and some hits that are no visits, on each of some days at noon in the project's time zone."""
    noon = timezone.localtime(timezone=pixel.project.zone).replace(hour=12)
    kinds = (
        {"placement": "medium", "visitor": 1},
        {"placement": "dev-to", "visitor": 1},
        {"placement": "dev-to", "visitor": 2},
        {"agent": CAMO, "visitor": None, "country": ""},
        {"is_end": True, "visitor": 2},
        {"verdict": int(Verdict.BOT)},
        {"verdict": int(Verdict.EXCESS)},
        {"verdict": int(Verdict.PREVIEW)},
    )
    return [hit(pixel, f"{noon - timedelta(days=days):%Y-%m-%dT%H:%M%z}", **kind) for days in DAYS for kind in kinds]


@pytest.mark.django_db
def test_a_badge_agrees_with_the_dashboard_before_and_after_a_recount(pixel, take, client, owner, tmp_path):
    Pixel.objects.update(has_public_badge=True)
    other = Pixel.objects.create(project=pixel.project, title="Other")
    take(*hits_of(pixel), *hits_of(other)[:5])
    client.force_login(owner)

    for _ in range(2):
        for period, days in zip(RANGES, (9, 5, 3), strict=True):
            page = client.get(f"/projects/blog/{pixel.pk}/?range={period}").content.decode()
            shown = Tables(page).figures
            figures = figures_of(pixel.token, period, timezone.now())
            assert figures
            assert (figures.visits, figures.visitors) == (shown["visits"], shown["visitors"]) == (4 * days, 2 * days)
        call_command("rebuild_counts", "blog", verbosity=0)


@pytest.mark.django_db
def test_visitors_that_image_proxies_hide_are_unknown(pixel, take):
    Pixel.objects.update(has_public_badge=True)
    assert figures_of(pixel.token, "all", timezone.now()) == Figures(PUBLIC, 0, 0)
    take(hit(pixel, agent=CAMO, visitor=None, country=""))

    assert figures_of(pixel.token, "all", timezone.now()) == Figures(PUBLIC, 1, None)


@pytest.mark.django_db
def test_figures_take_three_queries_whatever_was_counted(pixel, take, django_assert_num_queries):
    Pixel.objects.update(has_public_badge=True)
    take(*hits_of(pixel))

    with django_assert_num_queries(4):  # 1,700 days are two lists
        figures_of(pixel.token, "all", timezone.now())
    with django_assert_num_queries(2):
        figures_of(pixel.token, "30d", timezone.now())


@pytest.mark.django_db
def test_nothing_is_public_unless_its_author_says_so(pixel, program):
    assert figures_of(pixel.token, "all", timezone.now()) == Figures()
    assert figures_of(program.token, "all", timezone.now()) == Figures()
    assert figures_of("x" * 20, "all", timezone.now()) is None
