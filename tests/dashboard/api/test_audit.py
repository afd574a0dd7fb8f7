"""The audit trail in the API: for tokens that may read it, of owners and superusers."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from collector.audit import record
from collector.models import About, ApiToken, Project
from tests.dashboard.api.client import all_items, get, token_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(project) -> User:
    user = User.objects.create_user("anna")
    project.memberships.create(user=user, role="owner")
    return user


def reader_for(user: User, *projects: Project) -> Client:
    token, client = token_for(user, *projects)
    ApiToken.objects.filter(pk=token.pk).update(reads_audit=True)
    return client


def test_the_trail_of_a_project_is_newest_first_and_in_parts(owner, project):
    for number in range(5):
        record(owner.pk, About.EXPORT, f"{number}.csv", "Exported.", project=project)
    record(None, About.PIXEL, "Theirs", "Retired.", project=Project.objects.create(name="Other", slug="other"))
    items = all_items(reader_for(owner, project), "projects/blog/audit", limit=2)
    assert [item["subject"] for item in items] == ["4.csv", "3.csv", "2.csv", "1.csv", "0.csv"]
    expected = {"user": "anna", "about": "export", "message": "Exported.", "country": None, "network": None}
    assert items[0] | expected == items[0]
    assert items[0]["at"].endswith("Z")


def test_the_trail_of_the_server_is_for_superusers(owner, project):
    root = User.objects.create_superuser("root")
    record(root.pk, About.LOGIN, "Firefox", "Logged in from a new browser.", country="DE", network="abc")
    record(owner.pk, About.EXPORT, "hits.csv", "Exported.", project=project)
    [entry] = get(reader_for(root, project), "audit")["items"]
    assert (entry["about"], entry["country"], entry["network"]) == ("login", "DE", "abc")
    assert "superuser" not in get(reader_for(owner, project), "audit", status=403)["title"]


@pytest.mark.parametrize("path", ["audit", "projects/blog/audit"])
def test_a_token_has_to_be_allowed_to_read_it(project, path):
    root = User.objects.create_superuser("root")
    _token, client = token_for(root, project)
    assert "can read the audit trail" in get(client, path, status=403)["detail"]


def test_a_viewer_reads_no_trail(viewer, project):
    assert "can’t read the audit trail" in get(reader_for(viewer, project), "projects/blog/audit", status=403)["detail"]
