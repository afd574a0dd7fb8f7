"""How often we recognise the browser, system, device class, traffic and country of a request correctly.

    python tests/bench/accuracy.py [--wrong N] [--hits N]

Sends the cases in `tests/data` through the pixel's endpoint into a temporary database and prints one JSON object. For
each group, half and field, it has the share of correct answers and the number of cases. We looked at the half
`developed` while we wrote the catalogues, but not at the half `held_out`. It also has the cost of enriching one hit, in
microseconds, when most user agents are already cached. `--wrong N` prints N wrong cases of each kind on stderr.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[0] = str(ROOT)  # not this directory: its dashboard.py would hide the application of that name

BATCH = 20_000
Figures = dict[str, dict[str, dict[str, dict[str, float]]]]


def figures(directory: Path, wrong: int) -> Figures:
    """Send every case and return the shares by group, half and field."""
    from collector.models import Pixel, Project
    from tests.cases import Tally, cases, is_right, send_and_export

    project = Project.objects.create(name="Accuracy", slug="accuracy", timezone="UTC")
    pixel = Pixel.objects.create(project=project, title="Accuracy")
    tallies: dict[tuple[str, str, str], Tally] = defaultdict(Tally)
    for case, row in send_and_export(cases(), pixel, directory / "spool"):
        half = "held_out" if case.is_held_out else "developed"
        for field, expected in case.expected.items():
            tally = tallies[case.group, half, field]
            right = is_right(field, expected, row[field])
            tally.right += right
            tally.cases += 1
            if not right and tally.cases - tally.right <= wrong:
                print(case.group, half, field, expected, "≠", row[field], case.agent, case.peer, file=sys.stderr)
    shares: Figures = {}
    for (group, half, field), tally in sorted(tallies.items()):
        shares.setdefault(group, {}).setdefault(half, {})[field] = {
            "right": round(tally.share, 4),
            "cases": tally.cases,
        }
    return shares


def enrichment_us(count: int) -> float:
    """Return the CPU time of enriching one hit, in microseconds, over `count` made-up hits.

    A first batch, which is not measured, fills the cache of agents. It is as large as the others, or as all of them.
    """
    from collector.models import Pixel, Project
    from collector.spool.line import SpooledHit
    from collector.storage.enrich import Enricher, counting_pixels
    from tests.bench import traffic

    project = Project.objects.get(slug="accuracy")
    for token in traffic.tokens():
        Pixel.objects.create(project=project, title=token, token=token, placements=list(traffic.PLACEMENTS))
    now_us, size = time.time_ns() // 1000, min(BATCH, count)
    hits = [
        SpooledHit(visit.token, now_us, visit.placement, visit.is_end, 0, visit.client.agent, visit.page)
        for visit in traffic.visits(count + size)
    ]
    enricher, seconds = Enricher(), []
    for start in range(0, len(hits), size):
        batch = list(enumerate(hits[start : start + size]))
        pixels = counting_pixels(hit for _, hit in batch)
        began = time.process_time()
        enricher.enrich(batch, pixels)
        seconds.append(time.process_time() - began)
    return round(sum(seconds[1:]) / count * 1e6, 2)


def main() -> None:
    """Print the shares and the cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", type=int, default=0, metavar="N", help="show N wrong cases of each kind")
    parser.add_argument(
        "--hits", type=int, default=100_000, metavar="N", help="how many to enrich (default %(default)s)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="footfall-accuracy-") as directory:
        os.environ |= {
            "DATA_DIR": directory,
            "ENV_FILE": os.devnull,
            "DJANGO_SETTINGS_MODULE": "telemetry_site.settings",
        }
        os.environ.pop("DATABASE_URL", None)

        import django
        from django.core.management import call_command

        from tests.bench.machine import copy_model_of_tests

        copy_model_of_tests(Path(directory))
        django.setup()
        call_command("migrate", interactive=False, verbosity=0)
        report = figures(Path(directory), options.wrong) | {"enrichment_us_per_hit": enrichment_us(options.hits)}
        print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
