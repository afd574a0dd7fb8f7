"""A project into which somebody writes hostile strings: by forms, as its member, and by requests, as a stranger."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

from django.contrib.auth.models import User
from django.test import Client

from accounts.passwords.reset import reset_path
from collector.models import ApiToken, LeftOut, Membership, Pixel, Project, Role, ShareLink
from collector.models.access import all_sections
from tests.browser import hostile_accounts
from tests.hits import IPHONE
from tests.programs import DECLARATION, envelope, report, used, utc_today
from tests.server import PASSWORD, Server

OWNER = "ada-of-hostile"
MEMBER = "@SUM+1-mallory"  # as strange as a user name may be
SCRIPT = "<script>alert(1)</script>"
TEXTS = (
    SCRIPT,
    '"><img src="https://evil.example/x" onerror="alert(2)">',
    "</title></textarea></script><svg onload=alert(3)>",
    "javascript:alert(4)//https://evil.example/",
    "'-alert(5)-'${alert(5)}`{{constructor.constructor('alert(5)')()}}",
    "{{ settings.SECRET_KEY }}{% include 'x' %}{# x #}%(name)s {0.__class__}",
    '=HYPERLINK("https://evil.example/";"x")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "-1+1",
    ";=1+1",
    "\u202egpj.exe\u202c \u2067mirrored\u2069 \u200fright",
    "evil\u202eexe.gpj",
    "W" * 10_000,
    "a\0b",
    "tab\tline\r\n=1+1",
)
INVALID = (b"\xff\xfe\xed\xa0\x80", b"\xc0\xaf<script>alert(6)</script>", b"\x80=1+1")
PUBLIC = 'kind = "command"\npublic = ["actives", "versions"]\nsdks = ["posthog", "aptabase", "otlp"]'
FORM = {"placements": "medium", "kind": "article"}


def furnish(server: Server) -> dict[str, str]:
    """Let a member and a stranger write into a new project, and return the facts that paths name."""
    code = "import json; from tests.browser import hostile; print(json.dumps(hostile.write_as_member()))"
    facts = json.loads(server.manage("shell", "-v0", "-c", code))
    statuses = [answer(server, request) for request in requests_of_a_stranger(facts["pixel"], facts["declared"])]
    assert {status for status in statuses if status >= 500} == set()
    assert statuses.count(200) > len(TEXTS)
    return facts


def write_as_member() -> dict[str, object]:
    """Send each text through each field of a member's forms. Runs in the server's own process (`manage.py shell`)."""
    owner = User.objects.create_superuser(OWNER, password=PASSWORD)
    member = User.objects.create_user(
        MEMBER, email='"<b>"@evil.example', password=PASSWORD, is_staff=True, first_name=TEXTS[1], last_name=TEXTS[6]
    )
    client = Client(SERVER_NAME="127.0.0.1", raise_request_exception=True)
    client.force_login(member)
    client.post("/new/", {"name": SCRIPT, "timezone": "UTC", "title": SCRIPT, **FORM})
    project = Project.objects.get(name=SCRIPT)
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    article = project.pixels.get()
    for text in TEXTS:
        _write(client, project, article, text)
    program = _declare(client, project)
    link = ShareLink.objects.filter(project=project, pixel=None, name=SCRIPT).get()
    locked = ShareLink(project=project, pixel=article, name=TEXTS[1])
    locked.set_password(PASSWORD)
    locked.save()
    token = ApiToken.objects.filter(user=member, name=SCRIPT).get()
    reading = ApiToken(user=owner, name=TEXTS[4], reads_audit=True)
    secret = reading.make_secret()
    reading.save()
    reading.projects.add(project)
    return hostile_accounts.write(project, owner, TEXTS) | {
        "slug": project.slug, "project": project.pk, "article": article.pk, "pixel": article.token, "share": link.key,
        "share_pk": link.pk, "locked": locked.key, "token": token.pk, "user": member.pk, "program": program.pk,
        "declared": program.token, "secret": secret, "unvisited": project.pixels.exclude(pk=article.pk)[0].pk,
        "platform": quote(SCRIPT, safe=""), "word": quote(TEXTS[1], safe=""), "placement": "medium",
        "titles": project.pixels.count(), "links": project.share_links.count(), "sites": project.sites,
        "decisions": LeftOut.objects.filter(pixel_id=program.pk).count(),
        "bidi": quote(TEXTS[12], safe=""), "sessions": _sessions(), "reset": _reset(),
    }  # fmt: skip


def _sessions() -> dict[str, str]:
    """Return a session for each person, in which they have just logged in."""
    people = User.objects.filter(username__in=[OWNER, MEMBER, hostile_accounts.PERSON, hostile_accounts.GUARDED])
    return {user.username: hostile_accounts.confirmed(user).cookies["sessionid"].value for user in people}


def _reset() -> str:
    """Return a link for a new password. It ends with the next login, so all sessions must have begun."""
    return reset_path(User.objects.get(username=hostile_accounts.PERSON))


def _write(client: Client, project: Project, article: Pixel, text: str) -> None:
    """Send a text through the fields that keep texts, and through those that refuse what has not their form."""
    admin, shared = "/admin/collector", {"project": project.pk, "shows": all_sections(), "embedded_on": "*"}
    client.post(f"/projects/{project.slug}/new/", {**FORM, "title": text[:200]})
    if text != SCRIPT:
        client.post("/new/", {"name": text[:100], "timezone": "UTC", "title": "One", **FORM})
    client.post(f"/projects/{project.slug}/{article.pk}/snippets/add/", {"platform": text})
    client.post(f"{admin}/sharelink/add/", {**shared, "name": text[:100]})
    client.post(f"{admin}/apitoken/add/", {"name": text[:100], "projects": project.pk})
    member = project.memberships.get(user__username=MEMBER)
    unchanged = {
        "name": project.name, "slug": project.slug, "timezone": "UTC", "first_weekday": 1, "retention_days": 9,
        "min_reading_seconds": 10, "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": member.pk, "memberships-0-project": project.pk, "memberships-0-user": MEMBER,
        "memberships-0-role": "owner",
    }  # fmt: skip
    sites = project.sites + f"\n{text[:50]}: site{len(project.sites)}.example"
    client.post(f"{admin}/project/{project.pk}/change/", {**unchanged, "sites": sites})
    project.refresh_from_db()
    if text in TEXTS[:3]:
        refused = {**unchanged, "excluded_networks": text, "memberships-0-user": text, "slug": text, "timezone": text}
        client.post(f"{admin}/project/{project.pk}/change/", refused)
        client.post(f"/projects/{project.slug}/new/", {**FORM, "title": "Refused", "own": text})
        client.post(f"{admin}/sharelink/add/", {**shared, "name": "Refused", "embedded_on": text})


def _declare(client: Client, project: Project) -> Pixel:
    """Make a program whose name and reasons are hostile."""
    client.post("/admin/collector/pixel/add/", {"title": "Program", "project": project.pk, "kind": "app"})
    program = project.pixels.get(kind="app")
    declared = {"title": "Program", "kind": "app", "project": project.pk, "declaration": declaration()}
    client.post(f"/admin/collector/pixel/{program.pk}/change/", declared)
    for number, text in enumerate(TEXTS):
        decision = {"decision": "leave-out", "date": f"{utc_today()}", "what": f"version={number}.0"}
        client.post(f"/projects/{project.slug}/{program.pk}/decide/", {**decision, "reason": text[:500]})
    return Pixel.objects.exclude(declaration=None).get(pk=program.pk)


def declaration() -> str:
    """Return a declaration in which each text is a reason."""
    reasons = [json.dumps(text[:90]) for text in TEXTS if text.isprintable()]
    events = "".join(
        f'[events.e{number}]\nreason = {reason}\nlink = "https://evil.example/"\nuntil = 2099-12-31\n'
        for number, reason in enumerate(reasons)
    )
    named = DECLARATION.replace('"Paperclip"', json.dumps(TEXTS[1])).replace('kind = "command"', PUBLIC)
    return named.replace('"To learn which formats are worth the work."', reasons[4]) + events


def requests_of_a_stranger(pixel: str, program: str) -> Iterator[bytes]:
    """Yield requests that carry each text in each place where a stranger can put one."""
    for text in [*(text.encode() for text in TEXTS), *INVALID]:
        in_url = quote(text, safe="").encode()
        raw = text.translate(None, b"\r\n\0")
        page = b"https://evil.example/" + raw + b"?utm_source=" + in_url + b"&utm_campaign=" + in_url
        yield _get(pixel, b"/medium.gif", Referer=page)
        yield _get(pixel, b"/medium.gif", Referer=b"https://" + raw + b"/")
        yield _get(pixel, b"/medium.gif", Referer=b"https://" + in_url[:60] + b".example/")
        yield _get(pixel, b"/medium.gif", User_Agent=raw)
        yield _get(pixel, b"/medium.gif", Sec_CH_UA=raw, Sec_CH_UA_Mobile=raw, Sec_CH_UA_Platform=raw, From=raw)
        yield _get(pixel, b"/medium.gif", User_Agent=raw + b" " + IPHONE.encode(), Accept_Language=raw)
        yield _get(pixel, b"/" + in_url + b".gif")
        yield _get(program, b".gif?event=" + in_url + b"&version=" + in_url)
        yield _get(pixel, b"/badge.svg?label=" + in_url)
        try:
            body = envelope(*_reports(text.decode()))
        except UnicodeDecodeError:
            body = text
        yield _post(b"/e/" + program.encode(), body)
        for path, sent in _of_other_sdks(program, text.decode("latin-1")):
            yield _post(path, sent, program)


def _of_other_sdks(program: str, text: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield what the libraries of PostHog, Aptabase and OpenTelemetry would send, with a text wherever they can."""
    yield b"/batch/", _batch(program, text)
    system = dict.fromkeys(("appVersion", "osName", "deviceModel", "sdkVersion", "locale"), text)
    event = {"eventName": text, "sessionId": text, "props": {text: text, "format": text}, "systemProps": system}
    now = datetime.now(UTC)
    yield b"/api/v0/events", json.dumps([event, event | {"eventName": "build", "timestamp": now.isoformat()}]).encode()
    keys = ("service.version", "os.type", "host.arch", "service.instance.id", "session.id", text)
    attributes = [{"key": key, "value": {"stringValue": text}} for key in keys]
    record = {
        "attributes": attributes,
        "timeUnixNano": f"{int(now.timestamp())}000000000",
        "body": {"stringValue": text},
    }
    logs = {"logRecords": [record | {"eventName": text}, record | {"eventName": "build"}]}
    sent = {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [logs]}]}
    yield b"/v1/logs", json.dumps(sent).encode()


def _batch(program: str, text: str) -> bytes:
    """Return what PostHog's library would send, with a text as everything that it may choose."""
    event = {
        "event": text, "distinct_id": text, "timestamp": text, "properties": {text: text, "app_version": text},
    }  # fmt: skip
    named = event | {"event": "build", "timestamp": datetime.now(UTC).isoformat()}
    return json.dumps({"api_key": program, "batch": [event, named]}).encode()


def _post(path: bytes, body: bytes, key: str = "") -> bytes:
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n" % path
    if key:
        head += b"App-Key: A-SH-%s\r\nAuthorization: Bearer %s\r\n" % (key.encode(), key.encode())
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _reports(text: str) -> Iterator[dict[str, object]]:
    day = utc_today()
    for name in ("version", "os", "arch", "runtime"):
        yield report(day, **{name: text})
    yield report(day, used=[used(day, event=text), used(day, properties={"format": text, text: "html"})])


def _get(token: str, rest: bytes, **headers: bytes) -> bytes:
    lines = {"Host": b"localhost", "User_Agent": IPHONE.encode(), "Connection": b"close"} | headers
    head = b"".join(name.replace("_", "-").encode() + b": " + value + b"\r\n" for name, value in lines.items())
    return b"GET /p/" + token.encode() + rest + b" HTTP/1.1\r\n" + head + b"\r\n"


def answer(server: Server, request: bytes) -> int:
    """Send a request as it is, and return the status of its answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(request)
        head = client.recv(65_536)
    return int(head.split()[1])
