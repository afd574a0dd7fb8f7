"""How long the dashboard's pages take. The environment names a database with demo data.

    python -m tests.bench.pages PROJECT REQUESTS

Prints the milliseconds of each page as one JSON object. The time is that of Django from request to answer, with
middleware, session, template and compression, but without web server and network. `cpu` is the CPU time of this
process; `least` is the shortest time. `cold` is the time with an empty cache of closed days.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import django

WARM_UPS = 3
COLD_REQUESTS = 9


def main(slug: str, requests: int) -> None:
    django.setup()
    from django.contrib.auth.models import User
    from django.test import Client

    from telemetry_site.gunicorn_conf import post_worker_init

    client = Client(headers={"host": "localhost", "accept-encoding": "gzip"})
    client.force_login(User.objects.create_superuser("bench"))
    busiest = _busiest_pixel(slug)
    addresses = {
        "projects": "/",
        "project_today": f"/projects/{slug}/?range=today",
        "project_30d": f"/projects/{slug}/?range=30d",
        "project_90d": f"/projects/{slug}/?range=90d",
        "project_all": f"/projects/{slug}/?range=all",
        "project_platform": f"/projects/{slug}/?range=30d&platform=medium",
        "project_articles": f"/projects/{slug}/?range=30d&all=articles",
        "project_pages": f"/projects/{slug}/?range=30d&all=pages",
        "project_snippets": f"/projects/{slug}/snippets/",
        "article_30d": f"/projects/{slug}/{busiest}/?range=30d",
        "article_all": f"/projects/{slug}/{busiest}/?range=all",
        "article_snippets": f"/projects/{slug}/{busiest}/snippets/",
        "article_live": f"/projects/{slug}/{busiest}/live/",
        "program_30d": f"/projects/{slug}/{_program(slug)}/?range=30d",
        "program_12m": f"/projects/{slug}/{_program(slug)}/?range=12m",
        "shared_30d": f"/share/{_share(slug)}/?range=30d",
        # Reads raw hits, up to a limit.
        "project_country_7d": f"/projects/{slug}/?range=7d&country=DE",
        "project_country_30d": f"/projects/{slug}/?range=30d&country=DE",
    }

    def request(address: str) -> None:
        response = client.get(address)
        assert response.status_code == 200, f"{address} answers {response.status_code}"

    post_worker_init(None)
    print(json.dumps(_timed({name: partial(request, address) for name, address in addresses.items()}, requests)))


def _busiest_pixel(slug: str) -> int:
    """Return the article with the most visits: its page is the slowest of its kind."""
    from django.db.models import Sum

    from collector.models import DailyCount, Dimension
    from collector.models.counts import WHOLE_PROJECT

    rows = DailyCount.objects.filter(project__slug=slug, dimension=Dimension.TOTAL).exclude(pixel_id=WHOLE_PROJECT)
    return int(rows.values("pixel_id").annotate(total=Sum("hits")).order_by("-total")[0]["pixel_id"])


def _program(slug: str) -> int:
    """Return the program of the demo."""
    from collector.models import Kind, Pixel

    return int(Pixel.objects.filter(project__slug=slug, kind=Kind.APP).values_list("pk", flat=True)[0])


def _share(slug: str) -> str:
    """Return the key of a new share link to the whole project."""
    from collector.models import Project, ShareLink

    return ShareLink.objects.create(project=Project.objects.get(slug=slug), name="bench").key


def _timed(pages: dict[str, Callable[[], None]], requests: int) -> dict[str, dict[str, float]]:
    """Request all pages in turn, many times, so that a busy moment of the machine affects all pages alike."""
    from dashboard.visits.cache import REMEMBERED

    times: dict[str, list[float]] = {name: [] for name in pages}
    cold_times: dict[str, list[float]] = {name: [] for name in pages}
    cpu_times: dict[str, list[float]] = {name: [] for name in pages}
    warm_ups = min(WARM_UPS, requests)
    for number in range(warm_ups + requests):
        for name, request in pages.items():
            began, cpu_began = time.perf_counter(), time.process_time()
            request()
            if number >= warm_ups:
                times[name].append((time.perf_counter() - began) * 1000)
                cpu_times[name].append((time.process_time() - cpu_began) * 1000)
    for _ in range(min(COLD_REQUESTS, requests)):
        for name, request in pages.items():
            REMEMBERED.forget()
            began = time.perf_counter()
            request()
            cold_times[name].append((time.perf_counter() - began) * 1000)
    return {
        name: {
            "cold_median_ms": round(statistics.median(cold_times[name]), 2),
            "median_ms": round(statistics.median(times[name]), 2),
            "p95_ms": round(statistics.quantiles(times[name], n=20, method="inclusive")[-1], 2),
            "least_ms": round(min(times[name]), 2),
            "cpu_median_ms": round(statistics.median(cpu_times[name]), 2),
        }
        for name in pages
    }


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
