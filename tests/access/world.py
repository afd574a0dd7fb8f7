"""Two projects that must know nothing of each other, and everybody who may or may not look at them.

Every text of a project contains its animal, and one number of visits is its own: an answer that contains either shows
something of the project.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from accounts.models import Invitation
from collector.models import (
    About,
    ApiToken,
    AuditEntry,
    Hit,
    Membership,
    Page,
    Pixel,
    Project,
    Role,
    ShareLink,
    UserAgent,
)
from tests.dashboard.report.daily_counts import add_visits
from tests.programs import DECLARATION, declared

PASSWORD = "long-enough-1"
FIRST_KEY = 7_000_000  # of rows: a key must not be found by chance, such as in a number of bytes
MISSING_KEY = 6_999_999
MISSING_NAME = "nothing-here"
PUBLIC_PROGRAM = DECLARATION.replace('kind = "command"', 'kind = "command"\npublic = ["actives"]')


@dataclass(frozen=True, slots=True)
class Estate:
    """One project with everything in it. `facts` are what rows of the table name in braces."""

    animal: str
    visits: int
    project: Project
    facts: Mapping[str, object]

    def betrayals(self, text: str) -> set[str]:
        """Return what a text says of this project."""
        marks = {self.animal, str(self.visits), f"{self.visits:,}"}
        return {mark for mark in marks if mark in text.lower()}

    def state(self) -> list[object]:
        """Return everything that people can change in this project. Six queries."""
        project = self.project.pk
        return [
            *Project.objects.filter(pk=project).values_list(),
            *Membership.objects.filter(project=project).order_by("pk").values_list(),
            *Pixel.objects.filter(project=project).order_by("pk").values_list(),
            *ShareLink.objects.filter(project=project).order_by("pk").values_list(),
            *ApiToken.objects.filter(user__username__startswith=self.animal).order_by("pk").values_list(),
            *Invitation.objects.filter(project=project).order_by("pk").values_list(),
            *User.objects.filter(username__startswith=self.animal).order_by("pk").values_list("pk", "password"),
        ]


def make_estate(animal: str, visits: int, key: int, owner: User) -> Estate:
    """Make a project that `owner` owns. Its keys begin with `key`."""
    project = Project.objects.create(pk=key, name=f"Project {animal}", slug=f"slug-{key}")
    Membership.objects.create(pk=key, project=project, user=owner, role=Role.OWNER)
    article, draft, paused = (
        Pixel.objects.create(pk=key + number, project=project, title=f"{title} {animal}", token=f"{animal}token{title}")
        for number, title in enumerate(("article", "draft", "paused"))
    )
    paused.mute(timezone.now())
    retired = Pixel.objects.create(
        pk=key + 3, project=project, title=f"Retired {animal}", retired_at=timezone.now(), token=f"{animal}tokenretired"
    )
    text = PUBLIC_PROGRAM.replace("Paperclip", f"Paperclip {animal}")
    program = declared(project, text, pk=key + 4, title=f"Paperclip {animal}", token=f"{animal}tokenprogram")
    add_visits(article, visits, day=today(), page=f"{animal}.example/page", browser=f"Browser {animal}")
    _store_hit(article, animal, key)
    link = ShareLink.objects.create(pk=key, project=project, name=f"Link {animal}", key=f"{animal}key", embedded_on="*")
    locked = ShareLink(pk=key + 1, project=project, pixel=article, name=f"Locked {animal}", key=f"{animal}locked")
    locked.set_password(PASSWORD)
    locked.save()
    token, secret = _make_token(owner, project, animal, key)
    invitation = Invitation(pk=key, project=project, email=f"{animal}@example.org", invited_by=owner)
    invitation_secret = invitation.make_secret(timezone.now())
    invitation.save()
    AuditEntry.objects.create(
        pk=key, user=owner, project=project, about=About.EXPORT, subject=f"{animal}.csv", message="Exported."
    )
    LogEntry.objects.log_actions(owner.pk, [article, project, link], CHANGE, f"Changed {animal}.")
    facts: dict[str, object] = {
        "slug": project.slug, "project": project.pk, "article": article.pk, "draft": draft.pk, "paused": paused.pk,
        "retired": retired.pk, "program": program.pk, "article_token": article.token, "program_token": program.token,
        "link": link.pk, "link_key": link.key, "locked": locked.pk, "locked_key": locked.key, "api_token": token.pk,
        "secret": secret, "owner": owner.pk, "owner_name": owner.username, "membership": key, "animal": animal,
        "invitation": key, "audit_entry": key, "invitation_secret": invitation_secret,
        "yesterday": f"{today() - timedelta(days=1)}",
    }  # fmt: skip
    return Estate(animal, visits, project, facts)


def _store_hit(pixel: Pixel, animal: str, key: int) -> None:
    agent = UserAgent.objects.create(pk=key, digest=animal.encode(), string=f"Agent {animal}", browser=animal)
    page = Page.objects.create(
        pk=key, digest=animal.encode(), url=f"https://{animal}.example/p", host=f"{animal}.example"
    )
    Hit.objects.create(
        project=pixel.project, pixel=pixel, at=timezone.now(), id=key, visitor=key, position=0, traffic=0, verdict=0,
        evidence=0, new_to_pixel=True, new_to_project=True, platform=animal, user_agent=agent, page=page,
    )  # fmt: skip


def _make_token(user: User, project: Project, animal: str, key: int) -> tuple[ApiToken, str]:
    today = timezone.now().date()
    token = ApiToken(pk=key, user=user, name=f"Token {animal}", last_used_on=today, reads_audit=True)
    secret = token.make_secret()
    token.save()
    token.projects.add(project)
    return token, secret


@dataclass(frozen=True, slots=True)
class World:
    """Our project, theirs, and a client for everybody, by the name of a column or of `AS_NOBODY`."""

    ours: Estate
    theirs: Estate
    clients: Mapping[str, Client]


# Members of our project: an owner who may not enter the admin, and others who may. Then an administrator. Then those
# who must not know of our project: staff who own another project, a viewer of that one, somebody without any project.
# The staff were members of ours once.
MEMBERS = ("guest", "viewer", "editor", "owner")
OUTSIDERS = ("staff", "member", "stranger")
BEARERS = ("token", "foreign")  # API tokens for our project, and for theirs
# `shared` is not logged in, and has entered the password of a share link.
PEOPLE = (*MEMBERS, "root", *OUTSIDERS, "nobody", "shared", *BEARERS)
# Who is answered as nobody is, at every address: an owner whose account is closed, and API tokens that don't count any
# more, or never did.
AS_NOBODY = ("blocked", "revoked", "forged")


def make_world() -> World:
    """Make the two projects, the people, and their clients."""
    staff = User.objects.create_user("numbat-staff", pk=FIRST_KEY + 100, password=PASSWORD, is_staff=True)
    owner = User.objects.create_user("quokka-owner", pk=FIRST_KEY, password=PASSWORD, is_staff=True)
    ours = make_estate("quokka", 47_114_711, FIRST_KEY, owner)
    theirs = make_estate("numbat", 58_225_822, FIRST_KEY + 100, staff)
    roles = {"guest": Role.OWNER, "viewer": Role.VIEWER, "editor": Role.EDITOR, "blocked": Role.OWNER}
    users = {"owner": owner, "staff": staff}
    for name, role in roles.items():
        users[name] = User.objects.create_user(f"quokka-{name}", password=PASSWORD, is_staff=name != "guest")
        Membership.objects.create(project=ours.project, user=users[name], role=role)
    _leave_traces(staff, ours, theirs)
    users["member"] = User.objects.create_user("numbat-member", password=PASSWORD)
    Membership.objects.create(project=theirs.project, user=users["member"], role=Role.VIEWER)
    users["stranger"] = User.objects.create_user("stranger", password=PASSWORD)
    users["root"] = User.objects.create_superuser("root", password=PASSWORD)
    clients = {name: Client() for name in ("nobody", "shared")}
    for name, user in users.items():
        clients[name] = Client()
        clients[name].force_login(user)
    User.objects.filter(pk=users["blocked"].pk).update(is_active=False)
    clients["shared"].post(f"/share/{ours.facts['locked_key']}/", {"password": PASSWORD})
    return World(ours, theirs, clients | _bearers(ours, theirs, users))


def _leave_traces(former: User, ours: Estate, theirs: Estate) -> None:
    """Let somebody have been a member of our project: with a token for it, and with what they did there."""
    ApiToken.objects.get(pk=theirs.facts["api_token"]).projects.add(ours.project)
    LogEntry.objects.log_actions(former.pk, [ours.project, *ours.project.pixels.all()], CHANGE, "Changed it.")


def _bearers(ours: Estate, theirs: Estate, users: Mapping[str, User]) -> dict[str, Client]:
    revoked, revoked_secret = _make_token(users["owner"], ours.project, "quokka", FIRST_KEY + 1)
    ApiToken.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    secrets = {
        "token": ours.facts["secret"],
        "foreign": theirs.facts["secret"],
        "revoked": revoked_secret,
        "forged": "ff_" + "a" * 43,
    }
    return {name: Client(headers={"Authorization": f"Bearer {secret}"}) for name, secret in secrets.items()}


def today() -> date:
    return timezone.now().date()
