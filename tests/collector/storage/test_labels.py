"""Own readings taken out of the counts on a day on which the labels of hits changed: sites, catalogues, dimensions."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from collector.models import DailyCount, Dimension, Project, Verdict
from collector.models.counts import ALL_PLATFORMS
from collector.storage import labels
from collector.storage import rebuild as rebuild_module
from collector.storage.rebuild import rebuild
from tests.collector.storage.test_own_visitors import DAY, NOW, every_count, own, verdicts
from tests.hits import counts, hit

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = "https://old.example.net/a", "https://example.com/a"
MERGED = "Blog: example.com, old.example.net"


@pytest.fixture(autouse=True)
def now(monkeypatch, owner):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def are_as_rebuilt(project: Project) -> bool:
    running = every_count()
    rebuild(project)
    return running == every_count()


@pytest.mark.parametrize("sites", [[MERGED], [MERGED, ""], ["", MERGED]])
def test_after_the_sites_changed_the_day_is_counted_again(take, project, pixel, sites):
    take(hit(pixel, "2026-11-22T10:00", page=OLD, visitor=1), hit(pixel, "2026-11-22T10:30", page=OLD, visitor=2))
    take(hit(pixel, "2026-11-22T09:00", page=OLD, visitor=9))
    take(own(project, 9))
    for number, text in enumerate(sites, 1):
        Project.objects.update(sites=text)
        take(hit(pixel, f"2026-11-22T11:0{number}", page=NEW, visitor=2 + number))
        take(hit(pixel, f"2026-11-22T12:0{number}", page=OLD, visitor=1))
    take(own(project, 1))

    readers = 1 + len(sites)
    assert sum(verdict == Verdict.COUNTED for verdict in verdicts()) == readers
    pages = counts("page", ALL_PLATFORMS)
    assert sum(hits for hits, _ in pages.values()) == readers
    if sites[-1]:
        assert pages == {(DAY, "", "example.com/a"): (readers, readers)}
    assert are_as_rebuilt(project)


def test_counts_that_a_former_version_did_not_make_are_not_subtracted(take, project, pixel):
    campaign = NEW + "?utm_source=news"
    take(hit(pixel, "2026-11-22T10:00", page=campaign, visitor=1))
    DailyCount.objects.filter(dimension=Dimension.UTM_SOURCE).delete()
    Project.objects.update(counted_labels="", labels_from=None)  # as a migration leaves them
    take(hit(pixel, "2026-11-22T11:00", page=campaign, visitor=2), hit(pixel, "2026-11-22T12:00", page=campaign))
    take(own(project, 1))

    assert counts("utm_source") == {(DAY, "example.com", "news"): (1, 1)}
    assert are_as_rebuilt(project)


def test_a_day_is_counted_again_once_and_days_after_a_change_never(take, project, pixel, monkeypatch):
    recounted: list[date] = []
    count_again = rebuild_module._replace_counts
    monkeypatch.setattr(
        rebuild_module, "_replace_counts", lambda *args: (recounted.append(args[1]), count_again(*args))[1]
    )
    take(hit(pixel, "2026-11-22T10:00", page=OLD), hit(pixel, "2026-11-22T10:30", page=OLD, visitor=2))
    Project.objects.update(sites=MERGED)
    take(hit(pixel, "2026-11-22T11:00", page=OLD))
    for visitor in (1, 2):
        take(own(project, visitor))
    assert recounted == [date(2026, 11, 22)]
    assert counts("total") == {}

    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 24, 9, tzinfo=UTC))
    take(hit(pixel, "2026-11-24T08:00", page=OLD), own(project, 1, day="2026-11-24", at="2026-11-24T09:00"))
    assert recounted == [date(2026, 11, 22)]
    assert counts("total") == {}


def test_a_day_without_all_of_its_hits_stays_as_it_is(take, project, pixel):
    take(hit(pixel, page=OLD))
    running = every_count()
    Project.objects.update(sites=MERGED, hits_kept_since=NOW, counted_from="2026-11-22")
    take(own(project, 1))

    assert verdicts() == [Verdict.COUNTED]
    assert every_count() == running


def test_catalogues_and_sites_have_part_in_the_labels(monkeypatch, tmp_path):
    assert len({labels.labels_under(""), labels.labels_under(MERGED)}) == 2
    before = labels.labels_under("")
    files = {path.name for path in labels.CATALOGUES.glob("*.t?*")}
    assert {"platforms.toml", "hosts.tsv", "viewers.tsv"} <= files

    monkeypatch.setattr(labels, "CATALOGUES", tmp_path)
    labels._rules.cache_clear()
    labels.labels_under.cache_clear()
    assert labels.labels_under("") != before
    labels._rules.cache_clear()
    labels.labels_under.cache_clear()
