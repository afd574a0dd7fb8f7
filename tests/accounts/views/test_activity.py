"""The page of a project's audit trail: for its owners, page by page."""

import pytest

from accounts.views.activity import PAGE_ENTRIES
from collector.audit import record
from collector.models import About, Project
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = pytest.mark.django_db

PAGE = "/projects/blog/activity/"


def test_an_owner_reads_what_was_done_in_the_project(owner, project, django_assert_num_queries):
    record(owner.pk, About.MEMBER, "ben: viewer → editor", "Role changed.", project=project)
    record(owner.pk, About.MEMBER, "theirs", "Role changed.", project=Project.objects.create(name="O", slug="o"))
    browser = logged_in(owner)
    with django_assert_num_queries(4):  # two for the session and the user
        text = text_of(browser.get(PAGE))
    assert "ben: viewer → editor" in text
    assert "Role changed." in text
    assert "owner · " in text
    assert "Times in Europe/Berlin" in text
    assert "theirs" not in text
    assert "Older" not in text


def test_older_entries_are_on_further_pages(owner, project):
    for number in range(PAGE_ENTRIES + 1):
        record(owner.pk, About.EXPORT, f"file-{number}-", "Exported.", project=project)
    browser = logged_in(owner)
    first = browser.get(PAGE)
    assert "file-0-" not in text_of(first)
    [older] = [part.split('"')[0] for part in first.content.decode().split('href="?before=')[1:]]
    assert "file-0-" in text_of(browser.get(f"{PAGE}?before={older}"))
    for forged in ("x", "-1", "9" * 30, "\0"):
        assert browser.get(PAGE, query_params={"before": forged}).status_code == 200


def test_others_do_not_find_it(viewer, stranger):
    for user in (viewer, stranger):
        assert logged_in(user).get(PAGE).status_code == 404
