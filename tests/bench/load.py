"""The load generator: `wrk` with a script that sends prepared requests, as fast as possible or at a fixed rate."""

import json
import os
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bench import traffic
from tests.bench.machine import BenchError, tool

PACED_CONNECTIONS = 128

# init() builds every request once, so that each target gets the same bytes at the same cost for the client.
SCRIPT = """
local requests, count, position = {}, 0, 0

function init(arguments)
  for line in io.lines(os.getenv("LOAD_REQUESTS")) do
    local path, agent, address, page, language, opted_out =
      line:match("^([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)\\t([^\\t]*)$")
    local headers = {
      ["User-Agent"] = agent,
      ["Accept"] = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
      ["Accept-Language"] = language,
      ["Accept-Encoding"] = "gzip, deflate, br, zstd",
      ["Sec-Fetch-Dest"] = "image",
      ["Sec-Fetch-Mode"] = "no-cors",
      ["Sec-Fetch-Site"] = "cross-site",
      ["X-Forwarded-For"] = address,
    }
    if page ~= "" then headers["Referer"] = page end
    if opted_out == "1" then headers["Sec-GPC"] = "1" end
    count = count + 1
    requests[count] = wrk.format("GET", path, headers)
  end
end

function request()
  position = position % count + 1
  return requests[position]
end

function done(summary, latency, all)
  local errors = summary.errors
  io.write(string.format(
    '\\nSUMMARY {"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,"max_us":%d,' ..
    '"status":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
"""

# After each answer, wrk calls delay() to learn how long that connection has to wait. All connections share one schedule
# with a request every 1/rate seconds, so a slow answer delays no other request as long as a connection is free. wrk's
# timers have a resolution of one millisecond: it sends all requests of a millisecond together.
PACING = """
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } bench_moment; int clock_gettime(int, bench_moment *);")
local moment, interval_ms, due = ffi.new("bench_moment"), 1000 / tonumber(os.getenv("LOAD_RATE")), nil

function delay()
  ffi.C.clock_gettime(1, moment)  -- CLOCK_MONOTONIC
  local now = tonumber(moment.seconds) * 1000 + tonumber(moment.nanoseconds) / 1000000
  due = (due or now) + interval_ms
  return math.max(0, due - now)
end
"""


@dataclass(frozen=True, slots=True)
class Run:
    """The numbers of one run of wrk. `acknowledged` counts the answers with status 2xx and 3xx."""

    requests: int
    acknowledged: int
    seconds: float
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    status_errors: int
    socket_errors: int
    client_cpu_seconds: float


class Load:
    """The client for all targets. Its scripts and requests are in `directory`."""

    def __init__(self, directory: Path, connections: int, distinct_requests: int) -> None:
        self._wrk = tool("wrk", "wrk")
        self._connections = connections
        self._requests = directory / "requests.tsv"
        self._full = directory / "full.lua"
        self._paced = directory / "paced.lua"
        traffic.write_requests(self._requests, distinct_requests)
        self._full.write_text(SCRIPT)
        self._paced.write_text(SCRIPT + PACING)

    def full(self, port: int, seconds: int) -> Run:
        """Send requests as fast as answers come, over all connections."""
        return self._run(self._full, port, seconds, self._connections, {})

    def paced(self, port: int, seconds: int, rate: float) -> Run:
        """Send `rate` requests per second."""
        return self._run(self._paced, port, seconds, PACED_CONNECTIONS, {"LOAD_RATE": str(rate)})

    def _run(self, script: Path, port: int, seconds: int, connections: int, variables: dict[str, str]) -> Run:
        command = [
            self._wrk, "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--latency",
            "--timeout", "10s", "--script", str(script), f"http://127.0.0.1:{port}/",
        ]  # fmt: skip
        environment = os.environ | {"LOAD_REQUESTS": str(self._requests)} | variables
        cpu_before = _children_cpu()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 60)
        line = next((line for line in done.stdout.splitlines() if line.startswith("SUMMARY ")), None)
        if done.returncode or line is None:
            raise BenchError(f"wrk failed: {done.stderr.strip() or done.stdout.strip()}")
        return _run(json.loads(line.removeprefix("SUMMARY ")), _children_cpu() - cpu_before)


def _run(summary: dict[str, int], client_cpu_seconds: float) -> Run:
    seconds = summary["duration_us"] / 1e6
    return Run(
        requests=summary["requests"],
        acknowledged=summary["requests"] - summary["status"],
        seconds=round(seconds, 2),
        requests_per_second=round(summary["requests"] / seconds, 1),
        # wrk corrects these for the requests it could not send while it waited ("coordinated omission").
        p50_ms=summary["p50_us"] / 1000,
        p99_ms=summary["p99_us"] / 1000,
        max_ms=summary["max_us"] / 1000,
        status_errors=summary["status"],
        socket_errors=sum(summary[kind] for kind in ("connect", "read", "write", "timeout")),
        client_cpu_seconds=round(client_cpu_seconds, 2),
    )


def _children_cpu() -> float:
    """Return the CPU seconds of ended children. During a run, wrk is the only child that ends."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
