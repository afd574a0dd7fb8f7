"""The clients for Node in trouble: servers and disks that fail, kills, forks, and many runs at once."""

import json
import os
import signal
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.clients.node import FORMS, START, NodeProgram, clock
from tests.clients.stub import black_hole, dead_dns, no_server

RUNS_A_DAY = int(os.environ.get("CLIENT_RUNS", "16"))  # 334 make a thousand in three days
OPEN = START + 'telemetry.record("open");'
# What it costs to start a process that does nothing.
BARE = """const begun = performance.now(); require("node:crypto").randomBytes(32);
require("node:child_process").spawn(process.execPath, ["-e", ""], { detached: true, stdio: "ignore" }).unref();
process.on("exit", () => process.stdout.write(String(performance.now() - begun)));"""
IN_FORM = {"node": "import fs from 'node:fs';", "node-cjs": "const fs = require('node:fs');"}


@pytest.fixture
def program(device, stub) -> NodeProgram:
    program = NodeProgram(device, FORMS[1], stub.url)
    program.tell()
    return program


@pytest.mark.alone
@pytest.mark.parametrize("trouble", ["down", "black hole", "no names"])
def test_the_network_delays_no_exit_and_no_report_is_lost(device, stub, tmp_path, trouble):
    with ExitStack() as stack:
        prefix: list[str] = []
        if trouble == "down":
            url = no_server()
        elif trouble == "black hole":
            url = stack.enter_context(black_hole())
        else:
            url, prefix = "http://hits.example.org", stack.enter_context(dead_dns(tmp_path))
        program = NodeProgram(device, FORMS[0], url)
        program.tell()
        code = "const begun = performance.now();" + OPEN
        code += "process.on('exit', () => process.stdout.write(String(performance.now() - begun)));"
        delays = []
        for day in ("2026-11-26", "2026-11-27"):
            result = device.run([*prefix, *program.command(code)], **clock(day))
            assert (result.code, result.err) == (0, b"")
            delays.append(float(result.out))
            for process in device.processes():  # its ten seconds are another test's
                os.kill(process, signal.SIGKILL)
    device.wait_for_senders()
    program = NodeProgram(device, FORMS[0], stub.url)
    program.run(START, "2026-11-28")

    cost = float(device.run(["node", "-e", BARE]).out)
    assert min(delays) < max(50, 8 * cost)  # on a busy machine, starting any process takes longer
    reports = stub.bodies()[0]["reports"]
    assert [(one["day"][-2:], one["gap"]) for one in reports] == [("26", None), ("27", 1), ("28", 1)]


def test_a_sender_ends_after_ten_seconds(program, device, stub):
    stub.is_silent = True
    text = program.client.read_text()
    assert text.count(", 10000).unref();") == 1
    program.client.write_text(text.replace(", 10000).unref();", ", 1500).unref();"))

    result = device.run(program.command(START), **clock("2026-11-25"))

    assert len(device.processes()) == 1
    assert result.seconds < 1.5
    device.wait_for_senders(9)
    assert (device.state / "queue-2026-11-25").exists()


def test_only_a_final_refusal_ends_a_report(program, device, stub):
    kept = []
    for day, status in enumerate((503, 413, 429, 400, 404, 415), 20):
        stub.status = status
        program.run(START, f"2026-11-{day}")
        kept.append(len(list(device.state.glob("queue-*"))))

    assert kept == [1, 0, 1, 0, 0, 0]
    assert len(stub.requests) == 6


def test_it_sends_once_a_day(program, device, stub):
    stub.status = 503
    program.run(START)
    program.run(START)
    assert len(stub.requests) == 1
    (device.state / "claim-2026-11-26").touch()  # another process is at it
    program.run(START, "2026-11-26")

    assert len(stub.requests) == 1


@pytest.mark.parametrize("is_mounted", [False, True])
def test_a_configuration_that_cannot_be_written_is_silent(program, device, stub, is_mounted):
    before = read_only(device.home / ".config") if is_mounted else []
    if not is_mounted:
        (device.config / "choice").unlink()
        device.config.rmdir()
        device.config.touch()

    program.run(OPEN, before=before)

    assert not device.state.exists()
    assert stub.requests == []


def test_a_full_disk_neither_harms_nor_litters(program, device, stub):
    device.state.mkdir(parents=True)
    script = f"mount -t tmpfs -o size=12k tmpfs {device.state}; head -c 8000 /dev/zero > {device.state}/other; "
    script += f'"$@"; sleep 0.3; ls {device.state} > {device.home}/left'
    before = [*in_own_mounts(), "sh", "-c", script, "sh"]
    assert program.run(OPEN + OPEN + "console.log('done');", before=before).out == b"done\n"

    left = (device.home / "left").read_text().split()
    assert not [name for name in left if name.startswith(("sender", "claim")) or ".new" in name], left


def test_what_was_recorded_survives_a_kill_while_writing(program, device, stub):
    code = START + "for (let n = 1; ; n++) { telemetry.record('open'); fs.writeSync(1, n + '\\n'); }"
    command = program.command(IN_FORM[program.form] + code)
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=device.environment(**clock("2026-11-25"))) as process:
        assert process.stdout
        written = [process.stdout.readline() for _ in range(50)]
        process.kill()
        written += process.stdout.readlines()
    with (device.state / "events-2026-11-25").open("a") as events:
        events.write("open\nopen nonsense\nbuild format=ht")  # whole, not valid, torn
    program.run(START, "2026-11-26")

    [use] = stub.reports()[1]["used"]
    assert use["n"] - 1 - int(written[-1] if written[-1].endswith(b"\n") else written[-2]) in {0, 1}


KILL = """const original = fs.NAME;
fs.NAME = (...values) => {
  const result = original(...values);
  if (String(values[WHICH]).includes("PART")) process.kill(process.pid, "SIGKILL");
  return result;
};"""


@pytest.mark.parametrize(
    ("name", "which", "part"),
    [("openSync", "0", "claim-"), ("renameSync", "1", "queue-"), ("unlinkSync", "0", "events-")],
)
def test_a_kill_in_the_middle_of_a_report_counts_nothing_twice(program, device, stub, name, which, part):
    program.run(OPEN, "2026-11-24")
    kill = KILL.replace("NAME", name).replace("WHICH", which).replace("PART", part)
    killed = device.run(program.command(IN_FORM[program.form] + kill + OPEN), **clock("2026-11-25"))
    assert killed.code == -signal.SIGKILL
    program.run(OPEN, "2026-11-26")
    program.run(START, "2026-11-27")

    used = Counter()
    for report in stub.reports():
        used.update({use["day"]: use["n"] for use in report["used"]})
    assert used == {"2026-11-24": 1, "2026-11-26": 1}
    days = [report["day"][-2:] for report in stub.reports()]
    assert days == (["24", "26", "27"] if part == "claim-" else ["24", "25", "26", "27"])
    gaps = [use["gap"] for report in stub.reports() for use in report["used"]]
    assert gaps == [None, 2]


def test_forks_and_threads_make_one_report_and_lose_no_event(program, device, stub):
    code = f"""
const threads = require("node:worker_threads");
{OPEN}
if (threads.isMainThread && !process.send) {{
  for (let n = 0; n < 2; n++) require("node:child_process").fork(__filename);
  for (let n = 0; n < 2; n++) new threads.Worker(__filename);
  telemetry.record("open");
}} else if (process.send) process.disconnect();
"""
    program.run(code)
    program.run(START, "2026-11-26")

    first, second = stub.reports()
    assert first["used"] == []
    assert [use["n"] for use in second["used"]] == [6]


def test_many_runs_leave_no_process_and_little_on_the_disk(program, device, stub):
    code = 'process.stdout.write("plain \\u{1F4CE}");'
    plain = program.command(code, "plain")
    record = START + 'for (let n = 0; n < 40; n++) telemetry.record("build", { format: "html", seconds: n });'
    command = program.command(record + code)
    wanted = device.run(plain, **clock("2026-11-25")).out

    for day in ("2026-11-25", "2026-11-26", "2026-11-27"):
        with ThreadPoolExecutor(4) as pool:
            runs = [pool.submit(device.run, command, **clock(day)) for _ in range(RUNS_A_DAY)]
            assert {run.result().out for run in runs} == {wanted}
        device.wait_for_senders()

    days = Counter(report["day"] for body in stub.bodies() for report in body["reports"])
    assert set(days) == {"2026-11-25", "2026-11-26", "2026-11-27"}
    assert set(days.values()) == {1}
    assert 16_000 < device.bytes_kept() < 64 * 1024
    # Each of four runs at once may find room for one more line.
    lines = (device.state / "events-2026-11-27").read_bytes().splitlines(keepends=True)
    assert sum(map(len, lines)) <= 16 * 1024 + 3 * max(map(len, lines))


def test_long_reports_lose_their_oldest_entries_and_a_long_queue_its_oldest_reports(program, device, stub):
    stub.status = 503
    many = START + "for (let n = 0; n < COUNT; n++) telemetry.record('crash', { class: 'parse', library: `1.${n}` });"
    for day, count in ((20, 200), (21, 20), (22, 400), (23, 20)):
        program.run(many.replace("COUNT", str(count)), f"2026-11-{day}")
    stub.status = 202
    program.run(START, "2026-11-24")

    reports = stub.bodies()[-1]["reports"]
    assert [one["day"][-2:] for one in reports] == ["22", "23", "24"]
    assert [len(one["used"]) for one in reports] == [20, len(reports[1]["used"]), 20]
    assert reports[1]["used"][-1]["p"]["library"] == "1.399"
    assert 50 < len(reports[1]["used"]) < 150
    assert len(json.dumps(reports[1], separators=(",", ":"))) <= 8 * 1024
    assert len(stub.requests[-1].body) < 13 * 1024
    assert device.bytes_kept() < 64 * 1024


def test_an_executable_with_node_inside_is_its_own_sender_or_sends_nothing(program, device, stub):
    wrapper = device.home / "paperclip"
    inside = f"process.execPath = {json.dumps(str(wrapper))};"
    command = program.command(f"{inside} if (!telemetry.isSender()) {{ {OPEN} }}", "executable")
    wrapper.write_text(f'#!/bin/sh\nexec node {command[1]} "$@"\n')
    wrapper.chmod(0o755)

    program.run(inside + OPEN)
    assert not device.state.exists()
    device.run(command, **clock("2026-11-26"))
    device.wait_for_senders()

    assert [one["day"] for one in stub.reports()] == ["2026-11-26"]
    assert not list(device.state.glob("queue-*"))


def read_only(directory) -> list[str]:
    mount = f"mount --bind {directory} {directory} && mount -o remount,ro,bind {directory}"
    return [*in_own_mounts(), "sh", "-c", f'{mount} && exec "$@"', "sh"]


def in_own_mounts() -> list[str]:
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"]).returncode:
        pytest.skip("only root can mount")
    return ["unshare", "--mount"]
