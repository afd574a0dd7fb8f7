"""Where random requests go: every address of the URL configuration, and those of the collector.

A target's group says who asks: `site` and `public` are strangers, `member` has a session, `api` a token.
"""

from typing import Any

from tests.bench.random_requests import Target
from tests.server import Server

# Prints what the targets need, as JSON. It runs in `manage.py shell`, beside the server.
FURNISH = """
import json
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client
from accounts.sessions.store import SessionStore
from accounts.own.email_links import link_path
from accounts.passwords.reset import reset_path
from tests.access.table import rows
from tests.access.world import FIRST_KEY, PASSWORD, make_estate
from tests.collector.programs.doors.declared import SDKS
from tests.programs import declared, envelope, report, utc_today

owner = User.objects.create_user("quokka-owner", pk=FIRST_KEY, password=PASSWORD)
estate = make_estate("quokka", 47_114_711, FIRST_KEY, owner)
root = User.objects.create_superuser("quokka-root", password=PASSWORD)
late = User.objects.create_user("quokka-late", password=PASSWORD)  # whose link ends with the next login
asking = HttpRequest()
asking.session = SessionStore()
login(asking, late)
email_link = link_path(asking, late, "q@example.org")
asking.session.save()
member = Client()
member.force_login(root)
facts = dict(estate.facts)
sdks = declared(estate.project, SDKS, title="SDKs", token="quokkatokensdks00")

def targets(group, person, chosen):
    return [
        {"group": group, "method": row.method, "path": row.path(facts), "fields": row.data(facts),
         "name": str(row), "expected": {"login": "302", "gone": "302"}.get(answer, answer)}
        for row in chosen for answer in [row.answers[person].rstrip("!")]
    ]

mine = [row for row in rows() if not row.route.startswith("api/")]
print(json.dumps({
    "targets": [
        *targets("site", "nobody", mine),
        *targets("public", "nobody", [row for row in mine if row.is_public or row.answers["nobody"] == "200"]),
        *targets("member", "root", [row for row in mine if row.method == "GET"]),
        *targets("api", "token", [row for row in rows() if row.route.startswith("api/")]),
    ],
    "report": json.loads(envelope(report(utc_today()))), "sdks": sdks.token, "day": f"{utc_today()}",
    "session": member.cookies["sessionid"].value,
    "reset": reset_path(late), "email": email_link, **facts,
}))
"""


def furnish(server: Server) -> str:
    """Make a project with everything in it. Return the facts that `targets_of` takes, as JSON."""
    return server.manage("shell", "-v0", "-c", FURNISH)


def targets_of(facts: dict[str, Any]) -> list[Target]:
    """Return all targets: those of the URL configuration, and those of the collector."""
    session = {"Cookie": f"sessionid={facts['session']}"}
    return [
        *(Target(**each, headers=session if each["group"] == "member" else {}) for each in facts["targets"]),
        *_without_a_row(facts),
        *_of_images(facts["article_token"], facts["program_token"]),
        *(
            Target("reports", "POST", f"/e/{token}", body=facts["report"], expected=expected)
            for token, expected in ((facts["program_token"], "202"), (facts["sdks"], "202"), ("unknown", "404"))
        ),
        *_of_sdks(facts["sdks"], f"{facts['day']}T10:00:00Z"),
    ]


def _without_a_row(facts: dict[str, Any]) -> list[Target]:
    """Return links that work, files, and what settings switch on."""
    passwords = {"new_password1": "x", "new_password2": "y"}
    return [
        *(Target("public", "GET", path) for path in (facts["reset"], facts["email"], "/static/favicon.svg")),
        Target("public", "POST", facts["reset"], passwords),
        Target("public", "GET", "/static/nothing.css", expected="404"),
        Target("public", "GET", "/metrics", expected="401"),
        Target("public", "POST", "/login/single-sign-on/"),
        Target("public", "GET", "/login/single-sign-on/callback/", {"code": "x", "state": "y"}, expected="401"),
        Target("public", "POST", "/login/", {"username": "quokka-owner", "password": "long-enough-1"}, expected="302"),
    ]


def _of_images(article: str, program: str) -> list[Target]:
    of_article = [f"/p/{article}{rest}" for rest in (".gif", "/medium.gif", "/medium/end.gif")]
    badges = [f"/p/{token}{rest}" for token in (article, program) for rest in ("/badge.svg", "/medium/badge.json")]
    return [
        *(Target("pixels", "GET", path) for path in (*of_article, f"/p/{program}.gif")),
        Target("pixels", "GET", "/p/x.gif", expected="404"),
        *(Target("badges", "GET", path, {"label": "read", "style": "flat"}) for path in badges),
    ]


def _of_sdks(token: str, moment: str) -> list[Target]:
    """Return the paths of PostHog, Aptabase and OpenTelemetry, each with a body that it takes."""
    posted = {"event": "build", "distinct_id": "i-1", "timestamp": moment, "properties": {"format": "html", "$os": "x"}}
    batch = {"api_key": token, "batch": [posted], "sent_at": moment}
    batches = {"created_at": moment, "batch": [posted | {"uuid": "0" * 32}]}
    system = {"osName": "Linux", "appVersion": "2.4.1"}
    app_event = {"timestamp": moment, "sessionId": "s", "eventName": "build", "systemProps": system, "props": {}}
    attributes = [{"key": "format", "value": {"stringValue": "html"}}]
    record = {"timeUnixNano": "1", "eventName": "build", "body": {"stringValue": "x"}, "attributes": attributes}
    bearer = {"Authorization": f"Bearer {token}"}
    logs = {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}]}
    return [
        *(Target("sdks", "POST", path, body=batch) for path in ("/batch/", "/i/v0/e/", "/capture/", "/track/")),
        Target("sdks", "POST", "/i/v1/analytics/events", body=batches, headers=bearer),
        Target("sdks", "POST", "/flags/", body={"api_key": token}),
        Target("sdks", "GET", f"/array/{token}/config"),
        Target("sdks", "POST", f"/e/{token}/api/v0/events", body=[app_event]),
        Target("sdks", "POST", f"/e/{token}/v1/logs", body=logs),
    ]
