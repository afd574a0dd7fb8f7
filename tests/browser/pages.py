"""Every page of the site and its data, for the tests that open all of them and for the screenshots."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

from tests.app_codes import SECRET, code
from tests.server import PASSWORD, Server

WIDE, NARROW = 1280, 360
HEIGHT = 800
GUARDED = {"grace"}  # who have second factors
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its path with names of facts in braces, and who opens it (empty: nobody is logged in)."""

    name: str
    path: str
    who: str = "ada"
    status: int = 200

    def __str__(self) -> str:
        return self.name


PAGES = (
    Page("login", "/login/", who=""),
    Page("projects", "/"),
    Page("projects-empty", "/", who="newcomer"),
    Page("project-new", "/new/"),
    Page("project", "/projects/demo/"),
    Page("project-today", "/projects/demo/?range=today"),
    Page("project-year", "/projects/demo/?range=12m&compare=year&trend=line"),
    Page("project-of-platform", "/projects/demo/?platform=medium"),
    Page("project-of-country", "/projects/demo/?country=DE"),
    Page("project-countries", "/projects/demo/?all=countries"),
    Page("project-wrong-range", "/projects/demo/?start=2020-13-45"),
    Page("project-waiting", "/projects/waiting/"),
    Page("project-snippets", "/projects/waiting/snippets/"),
    Page("article", "/projects/demo/{article}/"),
    Page("article-new", "/projects/demo/new/"),
    Page("program", "/projects/demo/{program}/"),
    Page("program-year", "/projects/demo/{program}/?range=12m"),
    Page("program-list", "/projects/demo/{program}/?all=versions"),
    Page("program-waiting", "/projects/waiting/{declared}/"),
    Page("program-sdks", "/projects/waiting/{with_sdks}/"),
    Page("article-waiting", "/projects/waiting/{unvisited}/"),
    Page("snippets", "/projects/demo/{article}/snippets/"),
    Page("snippets-waiting", "/projects/waiting/{unvisited}/snippets/?badge=1"),
    Page("members", "/projects/demo/members/"),
    Page("invitation", "/invitation/{invitation}/", who=""),
    Page("invitation-of-user", "/invitation/{invitation}/", who="newcomer"),
    Page("invitation-gone", "/invitation/nobody-has-this/", who="", status=404),
    Page("share", "/share/{share}/", who=""),
    Page("share-password", "/share/{locked}/", who=""),
    Page("share-gone", "/share/nobody-has-this/", who="", status=404),
    Page("embed", "/share/{share}/embed/", who=""),
    Page("embed-gone", "/share/{locked}/embed/", who="", status=404),
    Page("about-program", "/about/{declared_token}/", who=""),
    Page("about-article", "/about/{pixel}/", who=""),
    Page("about-gone", "/about/nobody-has-this/", who="", status=404),
    Page("api", "/api/v1/"),
    Page("forgotten", "/forgotten/", who=""),
    Page("reset", "{reset}", who=""),
    Page("reset-gone", "/reset/1-nobody/", who="", status=404),
    Page("password", "/password/"),
    Page("password-changed", "/password/changed/"),
    Page("account", "/account/"),
    Page("second-factor", "/account/second-factor/", who="grace"),  # with what must be confirmed lately, all in a row
    Page("second-factor-app", "/account/second-factor/app/", who="grace"),
    Page("recovery-codes", "/account/second-factor/codes/", who="grace"),
    Page("account-name", "/account/name/", who="linus"),  # the same
    Page("account-email", "/account/email/", who="linus"),
    Page("account-tokens", "/account/tokens/", who="linus"),
    Page("account-delete", "/account/delete/", who="linus"),
    Page("account-email-gone", "/account/email/nothing/", who="", status=404),
    Page("activity", "/projects/demo/activity/"),
    Page("confirm", "/account/confirm/", who="grace"),
    Page("confirm-by-password", "/account/confirm/"),
    Page("admin", "/admin/"),
    Page("admin-project", "/admin/collector/project/{project}/change/"),
    Page("admin-project-new", "/admin/collector/project/add/"),
    Page("admin-pixels", "/admin/collector/pixel/"),
    Page("admin-pixel", "/admin/collector/pixel/{article}/change/"),
    Page("admin-program", "/admin/collector/pixel/{declared}/change/"),
    Page("admin-pixel-new", "/admin/collector/pixel/add/"),
    Page("admin-pixels-several", "/admin/collector/pixel/several/"),
    Page("admin-pixel-delete", "/admin/collector/pixel/{unvisited}/delete/"),
    Page("admin-shares", "/admin/collector/sharelink/"),
    Page("admin-share", "/admin/collector/sharelink/{share_pk}/change/"),
    Page("admin-share-new", "/admin/collector/sharelink/add/"),
    Page("admin-tokens", "/admin/collector/apitoken/"),
    Page("admin-token", "/admin/collector/apitoken/{token}/change/"),
    Page("admin-audit", "/admin/collector/auditentry/"),
    Page("admin-token-new", "/admin/collector/apitoken/add/"),
    Page("admin-superuser", "/admin/", who="admin"),
    Page("server", "/server/", who="admin"),
    Page("admin-users", "/admin/auth/user/", who="admin"),
    Page("not-found", "/projects/nothing-here/", status=404),
)

# `manage.py shell` runs this. It prints the facts. ada owns the projects, newcomer has none, admin is a superuser,
# grace has second factors, and linus reads.
FURNISH = """
import json
from datetime import UTC, datetime, timedelta
from django.contrib.auth.models import User
from pathlib import Path
from collector.audit import record
from collector.models import (
    About, ApiToken, Driver, DroppedName, Membership, Pixel, Project, ReportCount, Role, ShareLink,
)
from collector.models.programs import Part, ReportDimension
from collector.programs.declaring import declare
from accounts.models import Invitation
from accounts.passwords.reset import reset_path
from accounts.second_factor.factors import add_app
from django.utils import timezone
from allauth.mfa.models import Authenticator

def person(name, **fields):
    user, _ = User.objects.get_or_create(username=name, defaults=fields)
    user.set_password(%(password)r)
    user.save()
    return user

ada = person("ada", is_staff=True)
person("newcomer", is_staff=True)
person("admin", is_staff=True, is_superuser=True)
grace = person("grace")
linus = person("linus")
add_app(grace, %(secret)r)
Authenticator.objects.filter(user=grace, type="webauthn").delete()
Authenticator.objects.create(user=grace, type="webauthn", data={"name": "Laptop", "credential": {}})
demo = Project.objects.get(slug="demo")
waiting, _ = Project.objects.get_or_create(slug="waiting", defaults={"name": "Waiting", "timezone": "Europe/Berlin"})
for project in (demo, waiting):
    Membership.objects.get_or_create(project=project, user=ada, defaults={"role": Role.OWNER})
Membership.objects.get_or_create(project=demo, user=linus, defaults={"role": Role.VIEWER})
record(ada.pk, About.MEMBER, "linus: viewer → editor", "Role changed.", project=demo)
record(ada.pk, About.EXPORT, "demo-hits-2026-11-01-to-2026-11-30.csv", "Exported.", project=demo)
invitation = Invitation(project=demo, role=Role.EDITOR, email="grace@example.org", invited_by=ada)
secret = invitation.make_secret(timezone.now())
invitation.save()
unvisited, _ = Pixel.objects.get_or_create(
    project=waiting, title="Not read by anybody so far", defaults={"placements": ["medium", "github", "dev-to"]}
)
example = Path("collector/programs/example.toml").read_text()
declared = declare(waiting, example).pixel
with_sdks = declare(waiting, example.replace('id = "paperclip"', 'sdks = ["posthog"]\\nid = "stapler"')).pixel
today = datetime.now(UTC).date()
counted = ((ReportDimension.ACTIVE, ""), (ReportDimension.VERSION, "2.4.1"), (ReportDimension.EVENT, "build"))
ReportCount.objects.bulk_create([
    ReportCount(
        project=waiting, pixel=with_sdks, dimension=dimension, date=today - timedelta(ago), driver=driver, value=value,
        gap=sum(Part) if driver == Driver.DOOR else Part.DAY, reports=40 - ago, number=120,
    )
    for dimension, value in counted for ago in range(40) for driver in (Driver.DOOR, Driver.SESSION)
], ignore_conflicts=True)
DroppedName.objects.update_or_create(project=waiting, pixel=with_sdks, name="plan_chosen", defaults={"date": today})
share, _ = ShareLink.objects.get_or_create(project=demo, name="Readers", defaults={"embedded_on": "*"})
locked, _ = ShareLink.objects.get_or_create(project=demo, name="Editors")
locked.set_password(%(password)r)
locked.save()
token = ApiToken.objects.filter(user=ada, name="Nightly report").first() or ApiToken(user=ada, name="Nightly report")
token.make_secret()
token.save()
token.projects.add(demo)
reading = ApiToken.objects.filter(user=linus).first() or ApiToken(user=linus, name="Status page")
reading.make_secret()
reading.save()
reading.projects.add(demo)
program = demo.pixels.get(kind="app")
print(json.dumps({
    "token": token.pk,
    "reset": reset_path(grace),
    "invitation": secret,
    "share": share.key,
    "share_pk": share.pk,
    "locked": locked.key,
    "project": demo.pk,
    "article": demo.pixels.order_by("pk").first().pk,
    "pixel": demo.pixels.order_by("pk").first().token,
    "unvisited": unvisited.pk,
    "program": program.pk,
    "declared": declared.pk,
    "declared_token": declared.token,
    "with_sdks": with_sdks.pk,
}))
"""


def furnish(server: Server) -> dict[str, str]:
    """Add what the pages show to the server's project `demo`, and return the facts that their paths name."""
    return json.loads(server.manage("shell", "-v0", "-c", FURNISH % {"password": PASSWORD, "secret": SECRET}))


class Visitors:
    """The people who open pages. Each logs in once and opens windows of any width and theme."""

    def __init__(self, browser: Browser, server: Server, facts: Mapping[str, str]) -> None:
        self.server = server
        self._browser = browser
        self._facts = facts
        self._states: dict[str, object] = {"": None}
        self._states |= {who: _state(server, key) for who, key in dict(facts.get("sessions") or {}).items()}

    def window(self, who: str, width: int = WIDE, theme: str = "light", **options: object) -> BrowserContext:
        """Open a window with an empty cache."""
        if who not in self._states:
            self._states[who] = self._logged_in(who)
        return self._browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme=theme,
            reduced_motion="reduce",
            storage_state=self._states[who],
            **options,
        )

    def address(self, page: Page) -> str:
        return self.server.url + page.path.format(**self._facts)

    def open(self, page: Page, tab: Tab) -> None:
        """Go to a page, and check that it is the right one."""
        answer = tab.goto(self.address(page))
        assert answer is not None
        assert answer.status == page.status, f"{answer.status} at {answer.url}"
        assert tab.url == self.address(page)

    def _logged_in(self, who: str) -> object:
        context = self._browser.new_context()
        tab = context.new_page()
        tab.goto(f"{self.server.url}/login/")
        tab.fill("[name=username]", who)
        tab.fill("[name=password]", PASSWORD)
        tab.press("[name=password]", "Enter")
        if who in GUARDED:
            tab.fill("[name=code]", code())
            tab.press("[name=code]", "Enter")
        tab.wait_for_url(f"{self.server.url}/")
        state = context.storage_state()
        context.close()
        return state


def _state(server: Server, key: str) -> dict[str, object]:
    """Return what a browser keeps of a session that was begun elsewhere."""
    host = urlsplit(server.url).hostname
    cookie = {"name": "sessionid", "value": key, "domain": host, "path": "/", "httpOnly": True, "sameSite": "Lax"}
    return {"cookies": [cookie | {"secure": False, "expires": -1}], "origins": []}


def wear(tab: Tab, theme: str) -> None:
    """Change the theme of a page, and wait until its colours have changed."""
    tab.emulate_media(color_scheme=theme)
    tab.evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished))")
