"""What the audit trail keeps of changes, exports and logins, for how long, and in which language it is read."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from django.utils.translation import gettext_lazy, override

from accounts.own.deletion import delete_account
from collector.audit import record, record_changes
from collector.models import About, ApiToken, AuditEntry, Membership, Project
from collector.models.audit import AUDIT_KEPT, MAX_SUBJECT
from collector.storage.retention import delete_expired
from tests.collector.admin.browsing import logged_in

pytestmark = pytest.mark.django_db

FORM = {"username": "viewer", "password": "viewer-pass-1"}
ADDRESS = "193.99.144.80"  # registered in Germany
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
MEMBERS = {
    "memberships-TOTAL_FORMS": "2", "memberships-INITIAL_FORMS": "2", "memberships-0-user": "owner",
    "memberships-0-role": "owner", "memberships-1-user": "viewer", "memberships-1-role": "editor",
}  # fmt: skip


def trail() -> list[tuple[str, str, str, str]]:
    """Return who, about, subject and text of all entries, oldest first."""
    return [(each.username, each.about, each.subject, each.text) for each in AuditEntry.objects.order_by("pk")]


def log_in(browser: Client) -> Client:
    assert browser.post("/login/", FORM).status_code == 302
    return browser


def test_a_change_is_in_the_trail_and_in_the_history_of_its_object(owner, pixel):
    record_changes(owner.pk, [pixel], CHANGE, gettext_lazy("Retired."), "because")
    assert trail() == [("owner", "pixel", f"{pixel}: because", "Retired.")]
    assert AuditEntry.objects.get().project == pixel.project
    assert LogEntry.objects.get().get_change_message() == "Retired. because"


def test_an_entry_is_stored_in_english_and_read_in_any_language(owner, pixel):
    with override("de"):
        record_changes(owner.pk, [pixel], CHANGE, gettext_lazy("Retired."))
        entry = AuditEntry.objects.get()
        assert entry.message == "Retired."
        assert entry.text not in {"", "Retired."}


def test_an_entry_without_a_message_has_no_text(owner):
    record(owner.pk, About.ACCOUNT, "x" * 400, "")
    assert AuditEntry.objects.get().text == ""
    assert len(AuditEntry.objects.get().subject) == MAX_SUBJECT


def change_project(owner: User, project: Project) -> None:
    """Rename the project and make its viewer an editor, on its page in the admin."""
    keys = {f"memberships-{at}-id": member.pk for at, member in enumerate(Membership.objects.order_by("pk"))}
    projects = {f"memberships-{at}-project": project.pk for at in range(2)}
    fields = {
        "name": "Renamed", "slug": "blog", "timezone": "Europe/Berlin", "first_weekday": 1, "retention_days": 30,
        "min_reading_seconds": 10,
    }  # fmt: skip
    form = fields | MEMBERS | keys | projects
    assert logged_in(owner).post(f"/admin/collector/project/{project.pk}/change/", form).status_code == 302


def test_members_that_are_edited_with_their_project_have_entries_of_their_own(owner, viewer, project):
    change_project(owner, project)
    [(who, about, subject, text), (_who, about_member, _subject, text_of_member)] = trail()
    assert (who, about, subject, about_member) == ("owner", "project", "Renamed", "member")
    assert text.startswith("Changed Name, ")
    assert "viewer, editor of Renamed" in text_of_member


def test_a_form_that_changes_nothing_leaves_no_entry(owner, viewer, project):
    change_project(owner, project)
    change_project(owner, project)
    assert len(trail()) == 2


def test_a_token_is_in_the_trail_of_each_of_its_projects(owner, project):
    other = Project.objects.create(name="Other", slug="other")
    Membership.objects.create(project=other, user=owner, role="owner")
    form = {"name": "Script", "projects": [project.pk, other.pk]}
    logged_in(owner).post("/admin/collector/apitoken/add/", form)
    assert set(AuditEntry.objects.values_list("project__slug", "about")) == {
        ("blog", "api_token"),
        ("other", "api_token"),
    }
    assert ApiToken.objects.get().reads_audit is False


def test_a_download_is_in_the_trail_and_its_head_is_not(viewer, project, pixel):
    browser = logged_in(viewer)
    browser.head("/projects/blog/hits.csv?range=7")
    assert trail() == []
    assert browser.get("/projects/blog/hits.csv?range=7").status_code == 200
    [(who, about, subject, text)] = trail()
    assert (who, about, text) == ("viewer", "export", "Exported.")
    assert subject.startswith("blog-hits-")


def test_a_download_works_while_the_trail_can_not_be_written(viewer, pixel, caplog):
    def refuse(run, sql, params, many, context):
        if "collector_auditentry" in sql:
            raise OperationalError("attempt to write a readonly database")
        return run(sql, params, many, context)

    browser = logged_in(viewer)
    with connection.execute_wrapper(refuse):
        assert browser.get("/projects/blog/export.csv").status_code == 200
    assert "missing in the audit trail" in caplog.text


def test_only_a_new_browser_is_in_the_trail_without_its_address(viewer):
    browser = log_in(Client(REMOTE_ADDR=ADDRESS, headers={"User-Agent": FIREFOX}))
    assert trail() == [("viewer", "login", "Firefox · Linux", "Logged in from a new browser.")]
    browser.post("/logout/")
    log_in(browser)
    [entry] = AuditEntry.objects.all()
    assert (entry.country, len(entry.network), entry.project) == ("DE", 32, None)
    assert ADDRESS not in f"{vars(entry)}"


def test_logins_of_one_network_and_day_are_alike_and_those_of_others_are_not(viewer):
    for address in (ADDRESS, ADDRESS, "193.99.144.81"):
        log_in(Client(REMOTE_ADDR=address))
    first, second, third = AuditEntry.objects.values_list("network", flat=True)
    assert len({first, second, third}) == 2


def test_who_changes_the_password_has_to_be_known_again(viewer):
    browser = log_in(Client())
    passwords = {"old_password": "viewer-pass-1", "new_password1": "Another-pass-2", "new_password2": "Another-pass-2"}
    assert browser.post("/password/", passwords).status_code == 302
    assert [text for _who, _about, _subject, text in trail()] == ["Logged in from a new browser.", "Password changed."]


def test_an_entry_outlives_its_user_and_its_project(owner, viewer, project, pixel):
    record_changes(viewer.pk, [pixel], CHANGE, gettext_lazy("Retired."))
    delete_account(viewer)
    assert trail() == [("", "pixel", str(pixel), "Retired."), ("", "account", "viewer", "Account deleted.")]
    logged_in(owner).post(f"/admin/collector/project/{project.pk}/delete/", {"post": "yes"})
    assert trail()[-1] == ("owner", "project", "Blog", "Deleted.")
    assert set(AuditEntry.objects.values_list("project", flat=True)) == {None}


def test_an_entry_goes_after_a_year(owner, pixel):
    now = timezone.now()
    for days in (1, -1):
        record(owner.pk, About.EXPORT, f"{days}", "Exported.", project=pixel.project)
        AuditEntry.objects.filter(subject=f"{days}").update(at=now - AUDIT_KEPT + timedelta(days=days))
    delete_expired(now)
    assert [entry.subject for entry in AuditEntry.objects.all()] == ["1"]
