"""What only raw hits needed goes with the last hit that names it, and never before."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from collector.models import Hit, Page, Pixel, Project, StringUse, Upkeep, UserAgent
from collector.storage import string_uses
from collector.storage.retention import delete_expired
from collector.storage.string_uses import delete_unused_strings
from tests.endpoints import CHROME
from tests.hits import FIREFOX, IPHONE, drain, hit, spool

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAGE = "https://a.example/a"


def agents():
    return set(UserAgent.objects.values_list("string", flat=True))


def pages():
    return set(Page.objects.values_list("url", flat=True))


def test_agents_and_pages_go_with_the_last_hit_that_names_them(take, pixel, monkeypatch):
    monkeypatch.setattr(string_uses, "STEP_STRINGS", 2)
    Project.objects.update(retention_days=19)
    take(hit(pixel, "2026-11-02T10:00", agent=FIREFOX, page=PAGE), hit(pixel, "2026-11-02T10:00", agent=IPHONE))
    take(hit(pixel, "2026-11-21T10:00", agent=IPHONE, page="https://b.example/b"))

    delete_expired(NOW - timedelta(days=1))
    assert (agents(), len(pages())) == ({FIREFOX, IPHONE}, 2)

    delete_expired(NOW)
    assert (agents(), pages()) == ({IPHONE}, {"https://b.example/b"})
    assert StringUse.objects.count() == 2


def test_a_string_stays_while_another_project_names_it(take, project, pixel):
    other = Pixel.objects.create(project=Project.objects.create(name="Other", slug="other"), title="x")
    take(hit(pixel, agent=FIREFOX, page=PAGE), hit(other, agent=FIREFOX), hit(pixel, agent=IPHONE))

    project.delete()
    delete_unused_strings()

    assert (agents(), pages()) == ({FIREFOX}, set())


def test_the_strings_of_a_deleted_project_go(take, project, pixel):
    take(hit(pixel, agent=FIREFOX, page=PAGE))
    project.delete()

    delete_expired(NOW)

    assert agents() == pages() == set()
    assert not StringUse.objects.exists()


def test_a_string_that_was_stored_for_a_batch_that_failed_goes(db):
    Page.objects.create(digest=b"x" * 16, url=PAGE, host="a.example")

    delete_expired(NOW)

    assert pages() == set()


def test_a_string_that_returns_gets_a_row_again(tmp_path, project, pixel):
    Project.objects.update(retention_days=10)
    spool(tmp_path, [hit(pixel, "2026-11-02T10:00", agent=FIREFOX, page=PAGE)])
    running = drain(tmp_path)
    delete_expired(NOW)  # as `manage.py purge` or another drain
    assert agents() == set()

    spool(tmp_path, [hit(pixel, "2026-11-22T10:00", agent=FIREFOX, page=PAGE)])
    while running.drain_once():
        pass

    stored = Hit.objects.select_related("user_agent", "page").get()
    assert (stored.user_agent.string, stored.page.url) == (FIREFOX, PAGE)


def test_a_string_that_is_deleted_while_its_batch_is_made_gets_a_row_again(tmp_path, pixel, monkeypatch):
    """The rows are there when the batch looks them up, and gone when it is stored."""
    UserAgent.objects.all().delete()
    spool(tmp_path, [hit(pixel, agent=FIREFOX, page=PAGE)])
    check, deleted = string_uses.StringUses.check, []

    def delete_first(self):
        if not deleted:
            with_connection = threading.Thread(target=delete_in_another_process, args=(deleted,))
            if connection.vendor == "postgresql":
                with_connection.start()
                with_connection.join()
            else:  # SQLite has one writer: the deletion came before the transaction began
                deleted.append(delete_unused_strings())
        check(self)

    monkeypatch.setattr(string_uses.StringUses, "check", delete_first)
    drain(tmp_path)

    assert deleted == [2]
    stored = Hit.objects.select_related("user_agent", "page").get()
    assert (stored.user_agent.string, stored.page.url) == (FIREFOX, PAGE)
    assert {use.string_id for use in StringUse.objects.all()} == {stored.user_agent_id, stored.page_id}


def delete_in_another_process(deleted):
    deleted.append(delete_unused_strings())
    connection.close()


def spool_old_and_new(directory, pixel, round_number):
    """Spool 12 batches of 20 hits that name the same strings; two of three batches are past the retention."""
    for batch in range(12):
        at = "2026-11-02T10:00" if batch % 3 else "2026-11-22T10:00"
        agents = [f"{CHROME}{round_number}.{n % 7}" for n in range(20)]
        hits = [hit(pixel, at, agent=agents[n], page=f"{PAGE}{n % 5}", visitor=n) for n in range(20)]
        spool(directory, hits)


def drain_and_purge_at_once(directories):
    """Drain each directory in a thread of its own while another one purges; return what any of them raised."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def run(work):
        try:
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    def purge():
        while not stop.is_set():
            delete_expired(NOW)

    drains = [
        threading.Thread(target=run, args=(lambda directory=directory: drain(directory, batch_lines=20),))
        for directory in directories
    ]
    purging = threading.Thread(target=run, args=(purge,))
    for thread in (purging, *drains):
        thread.start()
    for thread in drains:
        thread.join()
    stop.set()
    purging.join()
    return errors


@pytest.mark.postgresql
def test_two_drains_and_a_purge_at_once_leave_no_hit_without_its_strings(tmp_path, project, pixel):
    Project.objects.update(retention_days=10)
    rounds = 0
    # Usually once. Whether the purge finds strings in the moment before a drain notes their use is chance.
    while not rounds or (not Upkeep.objects.get().string_deletions and rounds < 20):
        directories = [tmp_path / f"{rounds}-{drain_number}" for drain_number in range(2)]
        for directory in directories:
            spool_old_and_new(directory, pixel, rounds)
        assert drain_and_purge_at_once(directories) == []
        rounds += 1

    assert Hit.objects.filter(at__gte=NOW - timedelta(days=1)).count() == rounds * 2 * 4 * 20
    assert not Hit.objects.filter(user_agent__string=None).exists()
    assert not Hit.objects.filter(page__url=None).exists()
    delete_expired(NOW)
    assert UserAgent.objects.count() == rounds * 7
    assert Upkeep.objects.get().string_deletions > 0
