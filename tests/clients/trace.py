"""What a program asks of the system: which files it changes, which processes and sockets it makes. With strace."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.clients.device import Device, Result
from tests.requirements import missing

_OPENS = {"open", "openat", "creat", "openat2"}
_CHANGES = {
    *("mkdir", "mkdirat", "mknod", "mknodat", "rmdir", "unlink", "unlinkat", "rename", "renameat", "renameat2"),
    *("link", "linkat", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "truncate", "ftruncate", "utimensat"),
}
_STATS = {"stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat"}
_PROCESSES = {"fork", "vfork", "clone", "clone3", "execve", "execveat"}
_SOCKETS = {"socket", "connect", "bind", "sendto", "sendmsg"}
_CALL = re.compile(r"^(?:\d+ +)?(?P<name>[a-z0-9_]+)\((?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class Trace:
    """What a program asked of the system, each as strace writes it, and how it ended.

    `writes` are openings for writing and all other changes of files, except of devices; tries that failed count, too.
    `processes` are new ones, without threads and without the program's own start.
    `looks` are the stats and openings of files whose path has `paperclip/` or `footfall/` in it.
    """

    result: Result
    writes: list[str]
    processes: list[str]
    sockets: list[str]
    looks: list[str]


def traced(device: Device, command: Sequence[str | Path], *, on_terminal: bool = False, **variables: str) -> Trace:
    """Run a program under strace, with all processes that it starts."""
    if shutil.which("strace") is None:
        missing("install strace")
    log = device.temporary / "strace.log"
    names = ",".join(f"?{name}" for name in sorted(_OPENS | _CHANGES | _STATS | _PROCESSES | _SOCKETS))
    strace = ["strace", "-f", "-qq", "-s", "256", "--seccomp-bpf", "-e", f"trace={names}", "-o", log, *command]
    run = device.run_on_terminal if on_terminal else device.run
    result = run(strace, **variables)
    lines = log.read_text("utf-8", "replace").splitlines()
    log.unlink()
    calls = [match for line in lines if (match := _CALL.match(line))]
    assert calls, f"strace recorded nothing: {result.err!r}"
    texts = [(match["name"], f"{match['name']}({match['rest']}") for match in calls]
    return Trace(
        result=result,
        writes=[text for name, text in texts if _is_write(name, text)],
        processes=[text for name, text in texts[1:] if name in _PROCESSES and "CLONE_THREAD" not in text],
        sockets=[text for name, text in texts if name in _SOCKETS],
        looks=[text for name, text in texts if name in _STATS | _OPENS and _is_ours(text)],
    )


def _is_write(name: str, text: str) -> bool:
    if name in _OPENS:
        return re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|creat\(", text) is not None and '"/dev/' not in text
    return name in _CHANGES


def _is_ours(text: str) -> bool:
    return re.search(r'"[^"]*(paperclip|footfall)/', text) is not None
