"""`/metrics` of a real server with two workers: what was sent is what it says, for those who may read it."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured
from prometheus_client.parser import text_string_to_metric_families

from telemetry_site.settings import secret
from tests.endpoints import CHROME
from tests.server import ROOT, Server, kill, new_pixel, running

pytestmark = pytest.mark.one_database  # processes count in files
TOKEN = "a-token-of-this-test"
Samples = dict[str, float]


def fetch(server: Server, path: str, body: bytes | None = None, **headers: str) -> SimpleNamespace:
    sent = {"user-agent": CHROME} | {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(server.url + path, body, sent), timeout=20) as answer:
            return SimpleNamespace(status=answer.status, text=answer.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        return SimpleNamespace(status=error.code, text=error.read().decode("utf-8", "replace"))


def text(server: Server) -> str:
    answer = fetch(server, "/metrics", authorization=f"Bearer {TOKEN}")
    assert answer.status == 200
    return answer.text


def samples(server: Server) -> Samples:
    """Return all samples, by name and the values of their labels: `footfall_hits_total bot`."""
    families = text_string_to_metric_families(text(server))
    found = [sample for family in families for sample in family.samples]
    return {" ".join([sample.name, *sample.labels.values()]): sample.value for sample in found}


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METRICS_TOKEN", TOKEN)
        patch.setenv("LOG_FORMAT", "json")
        with running(tmp_path_factory.mktemp("metrics"), "--workers", "2") as server:
            yield server


@pytest.fixture(scope="module")
def sent(server) -> Samples:
    """Send requests of several kinds. Return what `/metrics` must say, whatever worker took each."""
    image = f"/p/{new_pixel(server)['token']}/medium.gif"
    gpc, prefetch = {"sec_gpc": "1"}, {"sec_purpose": "prefetch"}
    for headers, times in [({}, 9), (gpc, 4), (prefetch, 3), ({"user_agent": "Googlebot/2.1"}, 5)]:
        for _ in range(times):
            assert fetch(server, image, **headers).status == 200
    assert fetch(server, image.replace("medium.gif", "badge.json")).status == 200
    for path in ("/p/aaaaaaaaaaaaaaaa.gif", "/p/%22%7D.gif"):
        assert fetch(server, path, referer="https://evil.example/%22", user_agent='evil"} 1').status == 404
    assert fetch(server, "/e/evil%22%7D", b"{}", content_type="application/json").status == 404
    # Without login, the page of a project leads to the login.
    for path in ("/evil%22%7D%0A/", "/share/evil/", "/projects/evil/", "/login/"):
        assert fetch(server, path, x_evil="evil").status in {200, 404, 410}
    hits = {"counted": 9, "opted-out": 4, "prefetch": 3, "bot": 5}
    return (
        {f"footfall_hits_total {answer}": number for answer, number in hits.items()}
        | {f"footfall_stored_hits_total {verdict}": number for verdict, number in hits.items()}
        | {"footfall_hits_total unknown-token": 2, "footfall_report_requests_total 404": 1}
        | {"footfall_badges_total json": 1, "footfall_badges_total svg": 0}
        | {"footfall_drain_lines_total": 21, "footfall_hits_lost_total": 0}
        | {"footfall_view_seconds_count login": 2, "footfall_view_errors_total login": 0}
        | {"footfall_processes web": 2, "footfall_processes drain": 1, "footfall_ready": 1, "footfall_database_up": 1}
    )


def await_numbers(server: Server, expected: Samples) -> Samples:
    """Wait until `/metrics` says what is expected, and return all that it says."""

    def difference() -> Samples:
        nonlocal said
        said = samples(server)
        return {name: said.get(name, -1) for name in expected if said.get(name) != expected[name]}

    said: Samples = {}
    deadline = time.monotonic() + 60
    while (wrong := difference()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert wrong == {}
    return said


def test_the_numbers_of_all_workers_and_the_drain_are_what_was_sent(server, sent):
    await_numbers(server, sent)
    assert samples(server)["footfall_drain_batch_seconds_count"] >= 1


def test_a_killed_worker_and_drain_lower_no_number_and_are_seen_to_start_again(server, sent):
    before = await_numbers(server, sent)
    web, drain = (before[f"footfall_process_starts_total {process}"] for process in ("web", "drain"))
    kill(server.workers()[0])
    kill(server.drain_pid())
    again = {"footfall_process_starts_total web": web + 1, "footfall_process_starts_total drain": drain + 1}
    after = await_numbers(server, sent | again)
    grows = re.compile("_total|_count|_sum|_bucket")
    assert [name for name in before if grows.search(name) and after[name] < before[name]] == []
    files = sorted(path.suffix for path in (server.log.parent / "metrics").iterdir())
    assert files == [".drain", ".web", ".web"]


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ä"]
)
def test_strangers_get_no_numbers(server, authorization):
    answer = fetch(server, "/metrics", authorization=authorization)
    assert (answer.status, "footfall" in answer.text) == (401, False)


def test_without_a_token_in_the_settings_there_are_no_metrics(client, settings):
    assert settings.METRICS_TOKEN == ""
    for authorization in ("", "Bearer ", "Bearer"):
        answer = client.get("/metrics", headers={"authorization": authorization})
        assert (answer.status_code, answer.content) == (404, b"Not Found\n")


def test_a_token_that_can_be_guessed_is_refused():
    assert secret("METRICS_TOKEN", " ") == ""
    with pytest.raises(ImproperlyConfigured, match="METRICS_TOKEN is too easy to guess"):
        secret("METRICS_TOKEN", "swordfish")


def test_nothing_that_a_stranger_sends_becomes_a_label(server, sent):
    await_numbers(server, sent)
    assert "evil" not in text(server)
    views = [name for name in samples(server) if name.startswith("footfall_view_seconds_count ")]
    assert {name.partition(" ")[2] for name in views} == {"login", "share", "project", "readyz", "metrics", "none"}


def test_every_alert_uses_metrics_that_a_server_shows(server, sent):
    names = {name.partition(" ")[0] for name in samples(server)}
    path = ROOT / "deploy" / "prometheus" / "alerts.yml"
    rules = [rule for group in yaml.safe_load(path.read_text("utf-8"))["groups"] for rule in group["rules"]]
    assert len(rules) >= 6
    for rule in rules:
        used = set(re.findall(r"footfall_\w+", rule["expr"]))
        assert used <= names, rule["alert"]
        assert used or rule["expr"].startswith(("up", "absent")), rule["alert"]
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
        assert {"description"} <= rule["annotations"].keys(), rule["alert"]


def test_every_metric_is_explained(server, sent):
    families = {family.name for family in text_string_to_metric_families(text(server))}
    explained = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
    assert {name for name in families if f"`{name}" not in explained} == set()


def test_the_log_of_all_processes_is_json(server, sent):
    await_numbers(server, sent)
    lines = server.log.read_text().splitlines()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    assert [line for line in lines if not line.startswith("{")] == [
        f"Footfall is running at {server.url}/ (stop with Ctrl-C)",
    ]
    assert {"django.request"} <= {line["logger"] for line in logged}
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in logged)
