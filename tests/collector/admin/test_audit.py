"""The audit trail in the admin: read-only, and only of one's own projects."""

import pytest
from django.contrib.auth.models import User

from collector.audit import record
from collector.models import About, AuditEntry, Project
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = pytest.mark.django_db

LIST = "/admin/collector/auditentry/"


@pytest.fixture(autouse=True)
def entries(owner, project) -> None:
    record(owner.pk, About.EXPORT, "ours.csv", "Exported.", project=project)
    record(None, About.EXPORT, "theirs.csv", "Exported.", project=Project.objects.create(name="Other", slug="other"))
    record(owner.pk, About.LOGIN, "Firefox", "Logged in from a new browser.", country="DE", network="abc")


def test_owners_see_the_entries_of_their_projects(owner):
    text = text_of(logged_in(owner).get(LIST))
    assert "ours.csv" in text
    assert "theirs.csv" not in text
    assert "new browser" not in text


def test_superusers_see_all_entries_with_where_logins_came_from(django_assert_num_queries):
    browser = logged_in(User.objects.create_superuser("root"))
    text = text_of(browser.get(LIST))
    for words in ("ours.csv", "theirs.csv", "Logged in from a new browser.", "DE", "abc"):
        assert words in text
    browser.get(LIST)
    with django_assert_num_queries(5):
        browser.get(LIST)


def test_a_list_is_narrowed_by_what_entries_are_about(owner):
    assert "ours.csv" in text_of(logged_in(owner).get(f"{LIST}?about__exact=export"))
    assert "ours.csv" not in text_of(logged_in(owner).get(f"{LIST}?about__exact=member"))


def test_nobody_changes_or_deletes_an_entry():
    browser = logged_in(User.objects.create_superuser("root"))
    entry = AuditEntry.objects.first()
    assert entry is not None
    for path in (f"{LIST}add/", f"{LIST}{entry.pk}/change/", f"{LIST}{entry.pk}/delete/"):
        assert browser.post(path, {"subject": "forged", "post": "yes"}).status_code == 403
    browser.post(LIST, {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"})
    assert AuditEntry.objects.get(pk=entry.pk).subject == entry.subject
    assert AuditEntry.objects.count() == 3
