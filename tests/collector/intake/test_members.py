"""Members who use the dashboard: which visitors the web process tells the drain, and what that costs."""

import errno
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.utils import timezone

from collector.intake import members as members_module
from collector.intake.lookups import Lookups
from collector.intake.members import CHECK_SECONDS, RETRY_SECONDS, Members, member_address
from collector.models import Hit, Membership, OwnVisitor, Pixel, Project, Verdict
from collector.spool.own_line import SpooledMember
from collector.spool.reader import segments
from collector.spool.writer import SpoolWriter
from collector.storage.own_visitors import MAX_BROWSERS
from collector.storage.salts import dates_to_load, load_salts
from telemetry_site.settings import MIDDLEWARE
from tests.collector.admin.browsing import project_form
from tests.endpoints import CHROME
from tests.hits import FIREFOX, drain, micros

pytestmark = pytest.mark.django_db(transaction=True)
NOON = micros("2026-11-22T12:00")


@pytest.fixture(autouse=True)
def site(settings, tmp_path):
    settings.MIDDLEWARE, settings.SPOOL_DIR = MIDDLEWARE, tmp_path / "spool"
    load_salts(dates_to_load(timezone.now()))  # as the drain does


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def members(tmp_path, clock) -> Iterator[Members]:
    load_salts(["2026-11-22", "2026-11-23"])
    writer = SpoolWriter(tmp_path / "spool")
    yield Members(Lookups(tmp_path), writer, clock)
    writer.close()


@pytest.fixture
def told(tmp_path) -> Callable[[], list[SpooledMember]]:
    """Return a function that reads what was told."""
    directory = tmp_path / "spool"
    return lambda: [
        SpooledMember.from_line(line) for segment in segments(directory) for line in segment.read_bytes().splitlines()
    ]


def client_of(user, **headers: str) -> Client:
    client = Client(**{"HTTP_USER_AGENT": CHROME, "REMOTE_ADDR": "203.0.113.7"} | headers)
    if user:
        client.force_login(user)
    return client


@pytest.mark.parametrize("page", ["/", "/projects/blog/", "/admin/"])
@pytest.mark.parametrize("reads_first", [True, False])
def test_a_reading_in_the_browser_that_uses_the_dashboard_is_filtered_out(settings, owner, pixel, page, reads_first):
    member, reader = client_of(owner), client_of(None)
    path = f"/p/{pixel.token}/medium.gif"
    if reads_first:
        reader.get(path)
    member.get(page)
    if not reads_first:
        reader.get(path)
    drain(settings.SPOOL_DIR)

    assert Hit.objects.get().verdict == Verdict.OWN


@pytest.mark.parametrize(
    ("headers", "verdict"),
    [
        ({}, Verdict.OWN),
        ({"HTTP_USER_AGENT": FIREFOX}, Verdict.COUNTED),
        ({"REMOTE_ADDR": "203.0.113.8"}, Verdict.COUNTED),
        ({"HTTP_X_FORWARDED_FOR": "203.0.113.8"}, Verdict.OWN),
        ({"HTTP_SEC_GPC": "1"}, Verdict.OPTED_OUT),
        ({"HTTP_USER_AGENT": "github-camo (4b76e509)"}, Verdict.COUNTED),
    ],
)
def test_only_the_same_browser_at_the_same_address_is_recognised(settings, owner, pixel, headers, verdict):
    client_of(owner).get("/")
    client_of(None, **headers).get(f"/p/{pixel.token}/medium.gif")
    drain(settings.SPOOL_DIR)

    assert Hit.objects.get().verdict == verdict


def test_behind_a_proxy_the_address_that_it_names_counts(settings, owner, pixel):
    settings.TRUSTED_PROXIES = 1
    client_of(owner, HTTP_X_FORWARDED_FOR="2001:db8::7", REMOTE_ADDR="10.0.0.1").get("/")
    for peer, address in (("10.0.0.2", "1.1.1.1, 2001:db8::7"), ("10.0.0.1", "2001:db8::8")):
        reader = client_of(None, HTTP_X_FORWARDED_FOR=address, REMOTE_ADDR=peer)
        reader.get(f"/p/{pixel.token}/medium.gif")
    drain(settings.SPOOL_DIR)

    assert list(Hit.objects.order_by("at").values_list("verdict", flat=True)) == [Verdict.OWN, Verdict.COUNTED]


HITS = "https://hits.example.org"
LOCAL = ["localhost", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize(
    ("public_url", "allowed_hosts", "trusted_proxies", "headers", "address"),
    [
        (HITS, LOCAL, 0, {}, "203.0.113.7"),
        (HITS, LOCAL, 0, {"REMOTE_ADDR": "127.0.0.1"}, ""),  # a proxy that TRUSTED_PROXIES doesn't count
        (HITS, LOCAL, 0, {"REMOTE_ADDR": "::1"}, ""),
        (HITS, LOCAL, 0, {"REMOTE_ADDR": "172.17.0.1"}, ""),
        (HITS, LOCAL, 0, {"HTTP_X_FORWARDED_FOR": "203.0.113.8"}, ""),  # a proxy with a public address
        (HITS, LOCAL, 0, {"HTTP_FORWARDED": "for=203.0.113.8"}, ""),
        (HITS, LOCAL, 1, {"HTTP_X_FORWARDED_FOR": "203.0.113.8"}, "203.0.113.8"),
        (HITS, LOCAL, 1, {"HTTP_X_FORWARDED_FOR": "203.0.113.8, 203.0.113.9"}, ""),  # two proxies
        (HITS, LOCAL, 1, {"HTTP_X_FORWARDED_FOR": "10.0.0.9"}, ""),
        ("", LOCAL, 0, {"REMOTE_ADDR": "127.0.0.1"}, "127.0.0.1"),  # the first five minutes
        ("", LOCAL, 0, {"REMOTE_ADDR": "::1"}, "::1"),
        ("", LOCAL, 0, {"REMOTE_ADDR": "172.17.0.1"}, "172.17.0.1"),  # from outside a container
        ("", [*LOCAL, "hits.example.org"], 0, {"REMOTE_ADDR": "127.0.0.1"}, ""),
        ("", ["*"], 0, {"REMOTE_ADDR": "127.0.0.1"}, ""),
        ("http://127.0.0.1:8000", [], 0, {"REMOTE_ADDR": "127.0.0.1"}, "127.0.0.1"),
        ("http://[::1]:8000", [], 0, {"REMOTE_ADDR": "::1"}, "::1"),
        ("http://stats.intranet", [], 0, {"REMOTE_ADDR": "10.0.0.9"}, "10.0.0.9"),
        ("http://stats.intranet", [], 0, {"REMOTE_ADDR": "127.0.0.1"}, ""),
        ("http://stats.intranet", ["hits.example.org"], 0, {"REMOTE_ADDR": "10.0.0.9"}, ""),
    ],
)
def test_an_address_that_may_be_a_proxys_is_nobodys(
    settings, rf, public_url, allowed_hosts, trusted_proxies, headers, address
):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = public_url, allowed_hosts
    settings.TRUSTED_PROXIES = trusted_proxies

    assert member_address(rf.get("/", **{"REMOTE_ADDR": "203.0.113.7"} | headers)) == address


def test_behind_a_proxy_that_hides_addresses_all_readers_still_count(settings, owner, pixel):
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = HITS, ["*"]
    for user in (None, owner, None):
        client_of(user, REMOTE_ADDR="127.0.0.1").get("/" if user else f"/p/{pixel.token}/medium.gif")
    drain(settings.SPOOL_DIR)

    assert list(Hit.objects.values_list("verdict", flat=True)) == [Verdict.COUNTED] * 2


@pytest.mark.parametrize("who", ["stranger", "superuser", "nobody", "viewer of a project that counts members"])
def test_nobody_but_members_is_told(settings, pixel, stranger, viewer, django_user_model, told, who):
    superuser = django_user_model.objects.create_superuser("root")
    if who.startswith("viewer"):
        Project.objects.update(ignores_members=False)
    user = {"stranger": stranger, "superuser": superuser, "nobody": None}.get(who, viewer)

    client_of(user).get("/")
    client_of(user).get(f"/about/{pixel.token}/")

    assert told() == []


def test_a_page_costs_one_query_in_a_while_and_a_browser_one_line_a_day(
    members, clock, told, viewer, pixel, django_assert_num_queries
):
    def note(**more: bool) -> None:
        members.note(viewer.pk, "203.0.113.7", CHROME.encode(), NOON, **more)

    for seconds, queries in ((0, 2), (CHECK_SECONDS - 1, 0), (CHECK_SECONDS, 1), (CHECK_SECONDS + 1, 0)):
        clock.seconds = seconds
        with django_assert_num_queries(queries):
            note()
    [line] = told()
    assert (line.project_id, line.date) == (pixel.project_id, "2026-11-22")
    assert b"203.0.113.7" not in line.to_line()
    assert b"viewer" not in line.to_line()

    Membership.objects.create(user=viewer, project=Project.objects.create(name="New", slug="new"))
    note(is_change=True)
    members.note(viewer.pk, "203.0.113.7", CHROME.encode(), NOON + 86_400_000_000)
    assert [line.date for line in told()] == ["2026-11-22"] * 2 + ["2026-11-23"] * 2


def test_a_project_that_counted_members_meanwhile_is_told_again(members, clock, told, viewer, pixel):
    for ignores_members in (True, False, True, True):
        Project.objects.update(ignores_members=ignores_members)
        members.note(viewer.pk, "203.0.113.7", CHROME.encode(), NOON)
        clock.seconds += CHECK_SECONDS

    assert len(told()) == 2


def test_a_member_with_ten_thousand_agents_fills_no_disk(members, told, viewer):
    for number in range(10_000):
        members.note(viewer.pk, "203.0.113.7", b"Browser %d" % number, NOON, is_change=True)

    assert len(told()) == MAX_BROWSERS == 5  # as README says


def test_a_member_of_many_projects_costs_two_queries_and_a_write_for_500_lines(
    members, told, viewer, project, django_assert_num_queries, monkeypatch
):
    writes: list[bytes] = []
    append = SpoolWriter.append
    monkeypatch.setattr(SpoolWriter, "append", lambda spool, lines: (writes.append(lines), append(spool, lines)))
    more = Project.objects.bulk_create(Project(name="P", slug=f"p{number}") for number in range(501))
    Membership.objects.bulk_create(Membership(user=viewer, project=each) for each in more)

    with django_assert_num_queries(2):
        members.note(viewer.pk, "203.0.113.7", CHROME.encode(), NOON)

    assert [lines.count(b"\n") for lines in writes] == [500, 2]
    assert len({line.project_id for line in told()}) == 502


def test_no_line_tells_which_others_are_of_the_same_member(members, told, viewer, project):
    more = Project.objects.bulk_create(Project(name="P", slug=f"p{number}") for number in range(9))
    Membership.objects.bulk_create(Membership(user=viewer, project=each) for each in more)

    members.note(viewer.pk, "203.0.113.7", CHROME.encode(), NOON + 123_456)

    assert len({line.visitor for line in told()}) == 10
    assert {line.at_us for line in told()} == {NOON}  # as of everybody in this second
    assert [line.visitor for line in told()] == sorted(line.visitor for line in told())


def test_what_could_not_be_told_is_told_later(members, clock, told, viewer, pixel, monkeypatch):
    def note() -> None:
        clock.seconds += RETRY_SECONDS
        members.note(viewer.pk, "203.0.113.7", CHROME.encode(), NOON)

    with monkeypatch.context() as patch:
        patch.setattr(members_module, "stored_salts", lambda days: {})
        note()
    with monkeypatch.context() as patch:
        patch.setattr(SpoolWriter, "append", lambda *args: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        note()
    assert told() == []

    note()
    assert len(told()) == 1


def test_who_has_no_address_is_nobody(members, told, viewer, pixel):
    members.note(viewer.pk, "", CHROME.encode(), NOON)
    assert told() == []


def test_a_new_project_does_not_count_its_author_from_the_start(settings, stranger):
    """The snippet is tried at once, in the browser that created the project."""
    client = client_of(stranger)
    client.get("/")
    client.post("/admin/collector/project/add/", project_form(ignores_members="on"))
    pixel = Pixel.objects.create(project=Project.objects.get(), title="Hello")
    client_of(None).get(f"/p/{pixel.token}.gif")
    drain(settings.SPOOL_DIR)

    assert OwnVisitor.objects.count() == 1
    assert Hit.objects.get().verdict == Verdict.OWN
