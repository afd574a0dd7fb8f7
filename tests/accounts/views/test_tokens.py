"""Users create and revoke their own API tokens, with or without staff status."""

import re

import pytest
from django.test import Client

from accounts.views.tokens import MOST_TOKENS
from collector.models import ApiToken, AuditEntry, Project
from tests.accounts.sessions.test_store import log_in
from tests.collector.admin.browsing import logged_in, text_of

pytestmark = pytest.mark.django_db

TOKENS, PROJECTS = "/account/tokens/", "/api/v1/projects"


@pytest.fixture
def browser(viewer) -> Client:
    return log_in()  # who has just logged in has just shown who they are


def create(browser: Client, project: Project, **fields: str) -> str:
    """Create a token and return its secret."""
    answer = browser.post(TOKENS, {"name": "Script", "projects": [project.pk], **fields})
    assert answer.headers["Cache-Control"] == "private, no-store"
    [secret] = re.findall(r"ff_[\w-]{43}", answer.content.decode())
    return secret


def test_a_viewer_creates_a_token_that_reads_the_project_and_revokes_it(browser, viewer, project):
    secret = create(browser, project)
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    assert [item["slug"] for item in program.get(PROJECTS).json()["items"]] == ["blog"]
    page = browser.get(TOKENS)
    assert "Script" in text_of(page)
    assert secret not in page.content.decode()
    token = ApiToken.objects.get()
    assert (token.user, token.reads_audit) == (viewer, False)
    assert browser.post(TOKENS, {"revoke": token.pk}).url == TOKENS
    assert program.get(PROJECTS).status_code == 401
    entries = AuditEntry.objects.filter(about="api_token", project=project).order_by("pk")
    assert [entry.text for entry in entries] == ["Added.", "Revoked."]


def test_a_token_reads_only_projects_that_its_user_may_see(browser):
    other = Project.objects.create(name="Other", slug="other")
    answer = browser.post(TOKENS, {"name": "Script", "projects": [other.pk]})
    assert "Other" not in text_of(answer)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("key", ["", "x", "\0", "9" * 40, "{theirs}"])
def test_nobody_revokes_the_tokens_of_others(browser, owner, key):
    theirs = ApiToken(user=owner, name="Theirs")
    theirs.make_secret()
    theirs.save()
    browser.post(TOKENS, {"revoke": key.format(theirs=theirs.pk)})
    assert ApiToken.objects.get().revoked_at is None


def test_a_user_has_at_most_so_many_tokens(browser, viewer, project):
    ApiToken.objects.bulk_create(
        ApiToken(user=viewer, name=f"T{number}", digest=f"{number}") for number in range(MOST_TOKENS)
    )
    answer = browser.post(TOKENS, {"name": "One more", "projects": [project.pk]})
    assert "Revoke some of them first" in text_of(answer)
    assert not ApiToken.objects.filter(name="One more").exists()


def test_a_session_that_was_not_confirmed_lately_creates_none(viewer, project):
    answer = logged_in(viewer).post(TOKENS, {"name": "Script", "projects": [project.pk]})
    assert answer.url.startswith("/account/confirm/")
    assert not ApiToken.objects.exists()


def test_who_was_asked_who_they_are_comes_back_to_the_page_of_the_form(viewer):
    assert logged_in(viewer).post(TOKENS, {"name": "Script"}).url == "/account/confirm/?next=%2Faccount%2Ftokens%2F"
    removal = logged_in(viewer).post("/account/second-factor/remove/", {"app": "1"})
    assert removal.url == "/account/confirm/?next=%2Faccount%2Fsecond-factor%2F"
