"""A project whose every name is strange: long, wide, from right to left, stacked high. Strangers choose many names."""

import json

from tests.browser.pages import Page
from tests.server import PASSWORD, Server

USER = "W" * 130 + "@example.org"  # longer than a line, as Django allows
PAGES = (
    Page("projects", "/", who=USER),
    Page("project", "/projects/{slug}/", who=USER),
    Page("project-of-country", "/projects/{slug}/?country=DE", who=USER),
    Page("project-filtered", "/projects/{slug}/?platform={platform}&article={article}", who=USER),
    Page("project-unknown-filter", "/projects/{slug}/?platform={word}&browser={word}", who=USER),
    Page("project-wrong-range", "/projects/{slug}/?start={word}", who=USER),
    Page("project-platforms", "/projects/{slug}/?all=platforms", who=USER),
    Page("project-articles", "/projects/{slug}/?all=articles", who=USER),
    Page("project-pages", "/projects/{slug}/?all=pages", who=USER),
    Page("project-browsers", "/projects/{slug}/?all=browsers", who=USER),
    Page("project-snippets", "/projects/{slug}/snippets/", who=USER),
    Page("article", "/projects/{slug}/{article}/", who=USER),
    Page("article-of-country", "/projects/{slug}/{article}/?country=DE", who=USER),
    Page("article-platforms", "/projects/{slug}/{article}/?all=placements", who=USER),
    Page("program", "/projects/{slug}/{program}/", who=USER),
    Page("program-list", "/projects/{slug}/{program}/?all=versions", who=USER),
    Page("article-waiting", "/projects/{slug}/{unvisited}/", who=USER),
    Page("snippets", "/projects/{slug}/{article}/snippets/", who=USER),
    Page("snippets-chosen", "/projects/{slug}/{article}/snippets/?platform={placement}", who=USER),
    Page("share", "/share/{share}/", who=""),
    Page("share-password", "/share/{locked}/", who=""),
    Page("embed", "/share/{share}/embed/", who=""),
    Page("share-gone", "/share/{word}/", who="", status=404),
    Page("login", "/login/?next=/{word}/", who=""),
    Page("password", "/password/", who=USER),
    Page("password-changed", "/password/changed/", who=USER),
    Page("api", "/api/v1/", who=USER),
    Page("not-found", "/projects/{slug}/{word}/", who=USER, status=404),
    Page("admin", "/admin/", who=USER),
    Page("admin-projects", "/admin/collector/project/", who=USER),
    Page("admin-project", "/admin/collector/project/{project}/change/", who=USER),
    Page("admin-project-history", "/admin/collector/project/{project}/history/", who=USER),
    Page("admin-project-delete", "/admin/collector/project/{project}/delete/", who=USER),
    Page("admin-pixels", "/admin/collector/pixel/", who=USER),
    Page("admin-pixels-search", "/admin/collector/pixel/?q={word}", who=USER),
    Page("admin-pixel", "/admin/collector/pixel/{article}/change/", who=USER),
    Page("admin-pixel-new", "/admin/collector/pixel/add/", who=USER),
    Page("admin-pixel-several", "/admin/collector/pixel/several/", who=USER),
    Page("admin-pixel-delete", "/admin/collector/pixel/{unvisited}/delete/", who=USER),
    Page("admin-shares", "/admin/collector/sharelink/", who=USER),
    Page("admin-share", "/admin/collector/sharelink/{share_pk}/change/", who=USER),
    Page("admin-share-new", "/admin/collector/sharelink/add/", who=USER),
    Page("admin-tokens", "/admin/collector/apitoken/", who=USER),
    Page("admin-token", "/admin/collector/apitoken/{token}/change/", who=USER),
    Page("admin-token-new", "/admin/collector/apitoken/add/", who=USER),
    Page("admin-users", "/admin/auth/user/", who=USER),
    Page("admin-user", "/admin/auth/user/{user}/change/", who=USER),
    Page("admin-user-password", "/admin/auth/user/{user}/password/", who=USER),
    Page("admin-user-new", "/admin/auth/user/add/", who=USER),
)

# `manage.py shell` runs this. It prints the facts that the paths name.
FURNISH = """
import json
from datetime import timedelta
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from collector.models import (
    ApiToken, DailyCount, Dimension, Hit, Membership, Page, Pixel, Project, Role, ShareLink, UserAgent,
)
from tests.crowd import make_strange_program
from tests.dashboard.report.daily_counts import add, add_visits

def of(text, length):
    return (text * length)[:length]

STRANGE = [
    "W", "donaudampfschiff", "\\u96ea\\u7530", "\\u0645\\u0631\\u062d\\u0628\\u0627",
    "Z\\u0351\\u036b\\u0343\\u0315\\u0321\\u0338", "\\U0001f469\\u200d\\U0001f4bb", "9", "a-", "/", "<b>", "_", ".",
]
user = User.objects.create_user(%(user)r, email=of("w", 60) + "@" + of("x", 60) + ".example.org", password=%(password)r,
    is_staff=True, is_superuser=True, first_name=of("W", 150), last_name=of("W", 150))
slug = of("w", 59) + "m"  # the hostile strings make projects on the same server
project = Project.objects.create(name=of("W", 100), slug=slug, timezone="America/Argentina/ComodRivadavia",
    retention_days=3650, excluded_networks="2001:db8:1111:2222:3333:4444:5555:6666/128")
arabic = Project.objects.create(name=of("\\u0645\\u0631\\u062d", 100), slug="right-to-left")
arabic.memberships.create(user=user, role=Role.OWNER)
Membership.objects.create(project=project, user=user, role=Role.OWNER)
placements = ["medium", "github", of("w", 40), "x" + of("9", 39)]
pixels = [Pixel.objects.create(project=project, title=of(text, 200), placements=placements) for text in STRANGE]
unvisited = Pixel.objects.create(project=project, title=of("W", 200), placements=placements)
Pixel.objects.update(created_at=timezone.now() - timedelta(days=40))
pixels[0].mute(timezone.now())
today = timezone.now().astimezone(project.zone).date()
yesterday = today - timedelta(days=1)
for number, (text, pixel) in enumerate(zip(STRANGE, pixels)):
    for day, visits in ((yesterday, 987654321 // 100), (today, 7 + number)):
        for platform in (placements[2], of(text, 255)):
            add_visits(pixel, visits, visits // 2, day=day, platform=platform, device=of(text, 20), country="DE",
                language=of(text, 8), browser=of(text, 60), os=of(text, 60), page=of(text, 255))
            add(pixel, Dimension.EVIDENCE, "page", visits, 0, day, platform)
            add(pixel, Dimension.ELSEWHERE, of(text, 255), visits, 0, day, platform)
            add(pixel, Dimension.VERDICT, "bot", visits, 0, day, platform)
    for day in (3, 17):
        add_visits(pixel, 3, 1, day=today - timedelta(days=day), platform=of(text, 255))
    agent = UserAgent.objects.create(digest=bytes([number]) * 16, string=of(text, 512), browser=of(text, 60),
        os=of(text, 60), device=of(text, 20))
    page = Page.objects.create(digest=bytes([number]) * 16, url="https://" + of(text, 504), host=of(text, 255))
    for minutes in (1, 600, 1500, 3000):
        Hit.objects.create(project=project, pixel=pixel, at=timezone.now() - timedelta(minutes=minutes), id=number,
            visitor=number, position=0, traffic=0, verdict=0, evidence=2, new_to_pixel=True, new_to_project=True,
            platform=of(text, 255), placement=of(text, 40), country="DE", language=of(text, 8), user_agent=agent,
            page=page)
sites = "\\n".join("https://" + ".".join([of("w", 60)] * 4) + f".example{n}.org" for n in range(3))
share = ShareLink.objects.create(project=project, name=of("W", 100), embedded_on="*")
locked = ShareLink(project=project, pixel=pixels[0], name=of("\\u96ea", 100), embedded_on=sites)
locked.set_password(%(password)r)
locked.save()
program = make_strange_program(project, STRANGE, timezone.now().date())
token = ApiToken(user=user, name=of("W", 100))
token.make_secret()
token.save()
token.projects.add(project)
LogEntry.objects.create(user=user, content_type=ContentType.objects.get_for_model(Project), object_id=project.pk,
    object_repr=project.name, action_flag=CHANGE, change_message=of("W", 300))
print(json.dumps({
    "slug": slug, "word": of("w", 200), "platform": of("W", 255), "placement": placements[2], "project": project.pk,
    "article": pixels[0].pk, "unvisited": unvisited.pk, "share": share.key, "share_pk": locked.pk,
    "locked": locked.key, "token": token.pk, "user": user.pk,
    "program": program.pk,
}))
"""


def furnish(server: Server) -> dict[str, str]:
    """Add the project to the server's database, and return the facts that the paths name."""
    return json.loads(server.manage("shell", "-v0", "-c", FURNISH % {"user": USER, "password": PASSWORD}))
