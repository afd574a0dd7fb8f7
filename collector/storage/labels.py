"""Under which labels the hits of a project are counted: the names of pages and hosts, and which campaigns.

They depend on the project's sites and on our rules, and counts of earlier hits keep theirs when these change. Who takes
a stored hit out of the counts must know its labels. So each project notes which labels its hits get
(`Project.counted_labels`), and since which day all counts have them (`labels_from`). Earlier days have to be counted
again instead.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path

from collector import classify
from collector.models import Project
from collector.storage.countable import Countable

RULES = 1  # raise it when a stored hit counts in other dimensions or labels than before
LABELS_BYTES = 16
CATALOGUES = Path(classify.__file__).parent / "catalogues"
_EARLIEST = timedelta(hours=14)  # the offset of the time zone where a date begins first


@lru_cache(256)
def labels_under(sites: str) -> str:
    """Return what stands for all labels of a project with these sites, as it writes them."""
    return hashlib.blake2b(sites.encode(), key=_rules(), digest_size=LABELS_BYTES).hexdigest()


@cache
def _rules() -> bytes:
    digest = hashlib.blake2b(str(RULES).encode(), digest_size=LABELS_BYTES)
    for path in sorted(CATALOGUES.glob("*.t?*")):  # .toml and .tsv
        digest.update(path.read_bytes())
    return digest.digest()


def note_labels(changed: dict[int, str], hits: Iterable[Countable], now: datetime) -> None:
    """Note the new labels of projects, by id, that are in these stored hits. No query without `changed`.

    The caller's transaction stores the hits. Call this last: drains wait for each other here.
    """
    if not changed:
        return
    today = (now + _EARLIEST).date()
    last_days: dict[int, date] = {}
    for hit in hits:
        if hit.project_id in changed:
            last_days[hit.project_id] = max(last_days.get(hit.project_id, today), date.fromisoformat(hit.date))
    for project_id in sorted(last_days):
        Project.objects.filter(pk=project_id).exclude(counted_labels=changed[project_id]).update(
            counted_labels=changed[project_id], labels_from=last_days[project_id] + timedelta(days=1)
        )


def has_todays_labels(project: Project, day: date) -> bool:
    """Whether all counts of a day have the labels that its hits would get now."""
    return (
        project.counted_labels == labels_under(project.sites)
        and project.labels_from is not None
        and day >= project.labels_from
    )
