"""Reports how this program is used: at most once a day, without knowing who uses it, and only if its user agrees.

Made by Footfall from the program's declaration. Put this file into the program, and change nothing in it but `OFF`.
It needs Python 3.8 and nothing else. What it does, and what it never does, is written in Footfall's docs/clients.md.

    start("2.4.1")                             once, when the program starts
    record("build", format="html", draft=True)
    with timer("build", "seconds"): ...        records the seconds that it took
    status(), show(), sent(), verify()         texts, for people who ask what is sent
    enable(), disable(), forget()              for people who decide

No call raises or writes to standard output, and only `verify` waits for the network, as a person waits for it. There is
no thread, exit handler or signal handler, and no file stays open between two calls, so a program may fork at any time.
"""

# Only what every program has loaded anyway. Whatever takes time is imported by the process that sends, once a day.
import os
import sys
import time

OFF = False  # For packagers: write True to switch the client off for everybody.

# footfall: declared. An example, which `manage.py make_client` replaces.
ID = "paperclip"
NAME = "Paperclip"
VARIABLE = "PAPERCLIP"
KIND = "command"
MODE = "notice"
WHY = "To learn what to work on."
HAS_COUNTRY = False
REPORTS_FROM_CI = False
REPORTS_FROM_AGENTS = False
SCHEMA = "0000000000000000"
ENDPOINT = "http://127.0.0.1:8000/e/token"
ABOUT = "http://127.0.0.1:8000/about/token/"
EVENTS: "dict[str, dict[str, _Any]]" = {}
CI = ()
AGENTS = ()
# footfall: end of declared

TYPE_CHECKING = False  # type checkers take it for true; `typing` takes longer to import than all of this file
if TYPE_CHECKING:
    from typing import Any as _Any

_OFF_FILE = "/etc/footfall/off"
_NO = ("0", "false", "no", "off")
_MAX_EVENT_BYTES, _MAX_REPORT_BYTES, _MAX_QUEUE_BYTES, _MAX_SENT_BYTES = 16384, 8192, 12288, 16384
_MAX_REPORTS, _MAX_USED, _MAX_GAP, _MAX_DAYS_LATE, _MAX_NUMBER, _DAYS_SENT = 31, 500, 32, 31, 1000000, 30
_SEND_SECONDS = 10
_SEND = "--footfall-send"  # the argument of the process that sends
_FROM_ZIP = "import sys,zipimport;exec(zipimport.zipimporter(sys.argv[2]).get_code(sys.argv[3]))"
# The shell starts the sender in the background and ends at once.
_SHELL = 'cd "${TMPDIR:-/tmp}" || cd /; exec 3<&0; "$@" <&3 3<&- &'
_is_allowed = False  # by the program that uses this library
_is_sender_ready = False  # whether this frozen program calls `run_sender` first
_children: "list[_Any]" = []  # senders that are children of this process, on systems without a shell


def _now() -> float:
    """Return this machine's time, in seconds since the epoch. Tests replace this line."""
    return time.time()


class _Run:
    """What is known in this process: whether the client is on, why, and where its files are. No file is open in it.

    `waits_for` is empty, or says what has to happen before anything is recorded. `fields` are what the user was told,
    or None for all. `choice` and `kept` are the lines of the files `choice` and `installation`, by their first words.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.reason = ""
        self.waits_for = ""
        self.config = self.state = self.version = self.started_on = ""
        self.driver = ""
        self.choice: "dict[str, list[str]]" = {}
        self.kept: "dict[str, list[str]]" = {}
        self.fields: "set[str] | None" = None

    def off(self, reason: str) -> "_Run":
        self.is_on, self.reason = False, reason
        return self

    def day(self) -> str:
        """Return the UTC day by the clock of the server, as far as it is known."""
        return _day_at(_now() + _offset(self.kept))


_run = _Run()


# What a program calls. Each function catches what goes wrong in it: a report is never worth a failure of the program.


def _safely(function: "_Any") -> "_Any":
    def call(*args: "_Any", **kwargs: "_Any") -> "_Any":
        try:
            return function(*args, **kwargs)
        except Exception:
            return "" if function.__annotations__.get("return") is str else None

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    return call


@_safely
def start(version: str) -> None:
    """Say which version of the program runs, and that it runs. Prepare and send the day's report if that is due."""
    global _run
    for child in _children[:]:
        if child.poll() is not None:
            _children.remove(child)
    run = _look()
    run.version = str(version)
    _run = run
    if not run.is_on:
        return
    run.kept = _lines(os.path.join(run.state, "installation"))
    run.started_on = run.day()
    if _has_to_tell(run) and _is_terminal():
        _tell(run)
    if run.is_on and not run.waits_for:
        _report_if_due(run)


@_safely
def record(event: str, /, **properties: "_Any") -> None:
    """Note that an event happened, with some of its declared properties. Nothing else is noted."""
    run = _run
    if not run.is_on or run.waits_for:
        return
    if run.day() != run.started_on:  # a program that runs for days
        start(run.version)
        run = _run
    line = _line_of(run, event, properties)
    if line and run.is_on and not run.waits_for:
        _append(os.path.join(run.state, "events-" + run.started_on), line)


class _Timer:
    def __init__(self, event: str, property: str, properties: "dict[str, _Any]") -> None:
        self._began_at: "float | None" = time.monotonic()
        self._event, self._property, self._properties = event, property, properties

    def stop(self) -> None:
        """Record the event with the seconds since the timer began. Only the first call counts."""
        if self._began_at is not None:
            seconds, self._began_at = time.monotonic() - self._began_at, None
            record(self._event, **dict(self._properties, **{self._property: seconds}))

    def __enter__(self) -> "_Timer":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def timer(event: str = "", property: str = "", /, **properties: "_Any") -> _Timer:
    """Return what measures seconds, and records the event with them in this bucket. Use `with`, or `stop` it."""
    return _Timer(event, str(property), properties)


def allow() -> None:
    """Let this library report. The program that uses the library calls this before the library's `start`."""
    global _is_allowed
    _is_allowed = True


@_safely
def status() -> str:
    """Return whether the client is on or off, and why."""
    run = _look()
    if not run.is_on:
        return "off: " + run.reason
    if run.waits_for:
        return "off until " + run.waits_for
    return "on: " + run.reason


@_safely
def enable() -> str:
    """Remember that the user agrees. Return the status."""
    _choose("on")
    return str(status())


@_safely
def disable() -> str:
    """Remember that the user does not agree. Return the status."""
    _choose("off")
    return str(status())


@_safely
def show() -> str:
    """Return the exact body of the next request. It is tomorrow's if today's report is made already."""
    run = _look_even_if_off()
    run.version = _run.version
    run.kept = _lines(os.path.join(run.state, "installation"))
    day = run.day()
    is_first_later = _has_to_remember(run, day)
    if "secret" not in run.kept:
        run.kept["secret"] = [os.urandom(32).hex()]
        # Else nothing is written, and the next request has another id.
        if run.is_on and not run.waits_for and not is_first_later:
            _make_directory(run.state)
            _keep(run.state, run.kept)
    if run.waits_for or is_first_later or not _is_due(run, day):
        day = _later(day, 1)
    queue = _queue(run.state)
    report = _compose(run, day, queue)[0]
    return _body(day, [one for one in queue if one["day"] != day] + [report]).decode()


@_safely
def sent() -> str:
    """Return what was sent in the last 30 days: on each line the day and the body of a request."""
    return _read(os.path.join(_look_even_if_off().state, "sent")).decode("utf-8", "replace")


@_safely
def forget() -> str:
    """Delete the local files, except a choice of `off`. The next report is one of a new installation."""
    global _run
    config, state = _directories()
    if not config:
        return str(status())
    for directory in (os.path.join(state, "ci"), os.path.join(state, "agent"), state):
        for name in _names(directory):
            if name != "choice":  # on Windows, both directories are the same
                _delete(os.path.join(directory, name))
        _delete_directory(directory)
    if _first(_lines(os.path.join(config, "choice")), "choice") != "off":
        _delete(os.path.join(config, "choice"))
        _delete_directory(config)
    _look_again()
    return str(status())


@_safely
def verify() -> str:
    """Compare what this program may send with what its server publishes. Asks the server, for at most 10 seconds."""
    run = _look()
    if not run.is_on:
        return "Telemetry is off (" + run.reason + "), so the server was not asked. See " + ABOUT
    import json
    import urllib.request

    try:
        with urllib.request.urlopen(ABOUT + "declaration.json", timeout=_SEND_SECONDS) as answer:
            published = json.loads(answer.read(1048576))
        theirs = set(published["fields"])
    except Exception as error:
        return "The server could not be asked: " + str(error)
    if published["schema"] == SCHEMA:
        return "The server publishes the same schema, " + SCHEMA + "."
    lines = ["This program has schema " + SCHEMA + ", the server publishes " + str(published["schema"]) + "."]
    lines += ["Only this program has: " + field for field in sorted(_fields() - theirs)]
    lines += ["Only the server has: " + str(field) for field in sorted(theirs - _fields())]
    return "\n".join(lines)


def run_sender() -> None:
    """In a frozen program (PyInstaller and others), call this before anything else. Elsewhere it does nothing.

    There is no Python to run this file with: `sys.executable` is the program itself. So the program is what is started
    again to send, and this function sends and ends that process. A program that does not call it reports nothing, as
    starting it again would run all of it.
    """
    global _is_sender_ready
    if getattr(sys, "frozen", False):
        if sys.argv[1:2] == [_SEND]:
            _send_and_end()
        _is_sender_ready = True


# On or off, and why: docs/clients.md, "Off means nothing". Reads variables and two files at most.


def _look() -> _Run:
    """Return whether the client is on in this process, and why."""
    run = _Run()
    own = VARIABLE + "_TELEMETRY"
    word = os.environ.get(own, "").strip().lower()
    reason = _why_off_everywhere(own, word)
    if reason:
        return run.off(reason)
    run.config, run.state = _directories()
    run.choice = _lines(os.path.join(run.config, "choice")) if run.config else {}
    ci, agent = _set_variable(CI), _set_variable(AGENTS)
    run.driver = "ci" if ci else "agent" if agent else ""
    reason = ("" if word else _why_off_by_choice(run, ci, agent)) or _why_not_here(run)
    if reason:
        return run.off(reason)
    if not _sender_command():
        return run.off("it has no Python to send with, and does not begin with run_sender()")
    if KIND == "library" and not _is_allowed:
        return run.off("the program that uses it did not allow it")
    run.is_on = True
    if run.driver:  # apart, so that an agent's report never takes the place of a person's
        run.state = os.path.join(run.state, run.driver)
    _look_at_choice(run, own if word else "")
    return run


def _why_off_everywhere(own: str, word: str) -> str:
    """Return which constant, file or variable means off, or an empty text. `word` is what the variable `own` says."""
    if OFF:
        return "it was switched off by who packaged " + NAME
    if os.path.exists(_OFF_FILE):
        return _OFF_FILE + " exists"
    if _means_yes("DO_NOT_TRACK"):
        return "DO_NOT_TRACK is set"
    if word:
        return own + " is " + word if word in _NO else ""
    for name in (own + "_DISABLED", "TELEMETRY_DISABLED", "DISABLE_TELEMETRY"):
        if _means_yes(name):
            return name + " is set"
    return ""


def _why_off_by_choice(run: _Run, ci: str, agent: str) -> str:
    """Return why user and developer, together, mean off, or an empty text. `ci` and `agent` are set variables."""
    chosen = _first(run.choice, "choice")
    if chosen == "off":
        return "you chose it"
    if MODE == "off" and chosen != "on":
        return "it is off unless you enable it"
    if ci and not REPORTS_FROM_CI:
        return "a CI system runs it (" + ci + " is set)"
    if agent and not ci and not REPORTS_FROM_AGENTS:
        return "a coding agent runs it (" + agent + " is set)"
    return ""


def _look_even_if_off() -> _Run:
    """Return the same with its directories, for calls that only read. Raises OSError if there is no home."""
    run = _look()
    if not run.state:
        run.config, run.state = _directories()
        if not run.state:
            raise FileNotFoundError("no home")
        run.choice = _lines(os.path.join(run.config, "choice"))
    if not run.is_on:
        run.fields = set(run.choice.get("field", ()))
    return run


def _look_again() -> None:
    """Let this process follow what was just decided. One that did not call `start` still records nothing."""
    global _run
    run, before = _look(), _run
    run.version, run.kept, run.started_on = before.version, before.kept, before.started_on
    run.is_on = run.is_on and bool(before.started_on)
    _run = run


def _look_at_choice(run: _Run, variable: str) -> None:
    """Set what the client waits for, and which fields the user was told."""
    told = _first(run.choice, "told")
    if variable:
        run.reason = variable + " is set"
    elif _first(run.choice, "choice") == "on":
        run.reason = "you chose it"
        if "schema" in run.choice:  # not in a file that somebody wrote by hand: then all is meant
            run.fields = set(run.choice.get("field", ()))
    elif MODE == "notice" and told:
        run.reason, run.fields = "you were told on " + told, set(run.choice.get("field", ()))
    elif MODE == "notice" and run.driver == "ci" and REPORTS_FROM_CI:
        run.reason = "it may report from CI systems"
    else:
        run.fields = set()
        run.waits_for = "the notice was shown on a terminal" if MODE == "notice" else "you agree, on a terminal"


def _directories() -> "tuple[str, str]":
    """Return where the choice and everything else are kept. Empty texts if there is no home."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA", "")  # it is not copied between machines, as %APPDATA% is
        both = os.path.join(base, ID, "telemetry") if base else ""
        return both, both
    home = os.environ.get("HOME", "")
    config, state = os.environ.get("XDG_CONFIG_HOME", ""), os.environ.get("XDG_STATE_HOME", "")
    config = (
        config if os.path.isabs(config) else os.path.join(home, ".config")
    )  # the XDG specification: absolute or void
    state = state if os.path.isabs(state) else os.path.join(home, ".local", "state")
    if not os.path.isabs(home):
        return "", ""
    return os.path.join(config, ID, "telemetry"), os.path.join(state, ID, "telemetry")


def _why_not_here(run: _Run) -> str:
    """Return why nothing can be remembered here, or an empty text."""
    if not run.state:
        return "there is no home directory"
    for directory in {run.config, run.state}:
        while not os.path.isdir(directory) and os.path.dirname(directory) != directory:
            directory = os.path.dirname(directory)
        if not os.access(directory, os.W_OK | os.X_OK):
            return directory + " can't be written"
        # With sudo, HOME is often still the user's. A file of root's there could not be changed by its owner.
        if hasattr(os, "geteuid") and os.geteuid() == 0 and os.stat(directory).st_uid != 0:
            return "root runs it in the home of somebody else"
    return ""


def _means_yes(variable: str) -> bool:
    word = os.environ.get(variable, "").strip().lower()
    return bool(word) and word not in _NO


def _is_forced() -> bool:
    """Whether the program's own variable means on, which decides over the choice."""
    return _means_yes(VARIABLE + "_TELEMETRY")


def _set_variable(names: "tuple[str, ...]") -> str:
    for name in names:
        if os.environ.get(name):
            return name
    return ""


# Telling and asking, on a terminal.


def _is_terminal() -> bool:
    # Without a console, as under pythonw.exe, both are None.
    return bool(sys.stderr and sys.stdin and sys.stderr.isatty() and sys.stdin.isatty())


def _has_to_tell(run: _Run) -> bool:
    """Whether there is something to record that the user was not told. There is no use in telling an agent."""
    if run.fields is None or run.driver or SCHEMA in run.choice.get("declined", ()):
        return False
    return bool(run.waits_for) or (_first(run.choice, "schema") != SCHEMA and not run.fields >= _fields())


def _tell(run: _Run) -> None:
    """Show the notice or ask, for the first time or because there is more to tell. Remember it."""
    if MODE == "notice":
        about = NAME + " reports" if run.waits_for else "This version of " + NAME + " reports more about"
        sys.stderr.write(about + " how it is used, once a day and anonymously, from tomorrow on.\n" + WHY + "\n")
        sys.stderr.write("What it sends: " + ABOUT + "\nTo switch it off, set " + VARIABLE + "_TELEMETRY=off\n")
        sys.stderr.flush()
        _write_choice(run, _first(run.choice, "choice"), _fields())
        return
    about = "May " + NAME + " report" if run.waits_for else "May this version of " + NAME + " report more about"
    sys.stderr.write(about + " how it is used, once a day and anonymously?\n" + WHY + "\n")
    sys.stderr.write("What it would send: " + ABOUT + "\nYes or no? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        _write_choice(run, "on", _fields())
    elif run.waits_for:
        _write_choice(run, "off", set())
        run.off("you chose it")
    else:
        _write_choice(run, "on", run.fields or set(), is_declined=True)


def _write_choice(run: _Run, choice: str, fields: "set[str]", is_declined: bool = False) -> None:
    """Remember a choice and what the user was told. `told` stays the first day: no day's report is missed."""
    run.choice["told"] = [_first(run.choice, "told") or run.day()]
    schema = _first(run.choice, "schema") if is_declined else SCHEMA
    lines = ["choice " + choice] if choice else []
    if choice != "off":
        lines += ["schema " + schema, "told " + run.choice["told"][0]]
        lines += ["field " + field for field in sorted(fields)]
        lines += ["declined " + SCHEMA] if is_declined else []
    _make_directory(run.config)
    _replace(os.path.join(run.config, "choice"), "\n".join(lines) + "\n")
    run.waits_for, run.fields = "", fields


def _choose(choice: str) -> None:
    run = _Run()
    run.config, run.state = _directories()
    if not run.config:
        return
    run.kept = _lines(os.path.join(run.state, "installation"))
    before = _lines(os.path.join(run.config, "choice"))
    run.choice = before if _first(before, "choice") == "on" else {}
    _write_choice(run, choice, _fields())
    _look_again()


# What may be recorded: only what is declared, and what the user was told.


def _fields() -> "set[str]":
    """Return everything a report may say, as the server names it."""
    fields = {"country"} if HAS_COUNTRY else set()
    for event, declared in EVENTS.items():
        fields.add(event)
        for name, (kind, values) in declared["properties"].items():
            path = event + "." + name
            if kind == "choice":
                fields.update(path + "=" + value for value in values)
            elif kind == "bucket":
                fields.add(path + " bucket " + ",".join(format(bound, ".15g") for bound in values))
            else:
                fields.add(path + " " + kind)
    return fields


def _line_of(run: _Run, event: str, properties: "dict[str, _Any]") -> bytes:
    """Return the line that notes an event, or nothing if it is not declared, no longer, or not told yet."""
    declared = EVENTS.get(event)
    if declared is None or run.started_on > declared["until"] or (run.fields is not None and event not in run.fields):
        return b""
    words = [event]
    for name in sorted(properties):
        if name in declared["properties"]:
            word = _word(run, event, name, declared["properties"][name], properties[name])
            if word:
                words.append(name + "=" + word)
    return (" ".join(words) + "\n").encode()


def _word(run: _Run, event: str, name: str, declared: "tuple[str, tuple[_Any, ...]]", value: object) -> str:
    """Return how a property is noted: a value, a number of a bin, or nothing if it can't be or is not told yet."""
    kind, values = declared
    path = event + "." + name
    if value is None:
        return ""
    if kind == "choice":
        told = [one for one in values if run.fields is None or path + "=" + one in run.fields]
        return next((one for one in told if one == value), "other") if told else ""
    ending = " bucket " + ",".join(format(bound, ".15g") for bound in values) if kind == "bucket" else " " + kind
    if run.fields is not None and path + ending not in run.fields:
        return ""
    if kind == "flag":
        return str(value).lower() if isinstance(value, bool) else ""
    if kind == "version":
        return _version(value)
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        return ""
    number = float(value)
    return "" if number != number else str(sum(number >= bound for bound in values))


def _version(value: object) -> str:
    """Return a version in the form that reports allow, or `other`."""
    import re

    text = str(value).strip().split("+")[0]
    text = text[1:] if text[:1] in ("v", "V") else text
    words = "a|alpha|b|beta|rc|pre|preview|dev|post|nightly|snapshot"
    form = r"[0-9]{1,6}(\.[0-9]{1,6}){0,3}([-.]?(" + words + r")[-.]?[0-9]{0,8})?"
    return text if len(text) <= 40 and re.fullmatch(form, text) else "other"


# The day's report.


def _is_due(run: _Run, day: str) -> bool:
    """Whether a day has no report yet. The first report is not made on the day of the notice."""
    if run.fields is not None and HAS_COUNTRY and "country" not in run.fields:
        return False
    if "last" in run.kept:  # then `told` does not matter: it may be a day that a wrong clock showed
        return day != _first(run.kept, "last")
    return run.fields is None or day != _first(run.choice, "told")


def _has_to_remember(run: _Run, day: str) -> bool:
    """Whether a server has not yet shown that it remembers an earlier day, as one in a new container never does."""
    if KIND != "server" or run.driver or "secret" in run.kept:
        return False
    return not any(name.startswith("claim-") and name != "claim-" + day for name in _names(run.state))


def _report_if_due(run: _Run) -> None:
    """Let another process make today's report and send it, unless another run of today does or did."""
    if not _is_due(run, run.started_on):
        return
    _make_directory(run.state)
    claim = os.path.join(run.state, "claim-" + run.started_on)
    try:
        os.close(os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    if _has_to_remember(run, run.started_on):
        return
    try:
        _start_sender(run)
    except Exception:
        _delete(claim)  # another run of today may be luckier
        raise


def _make_report(run: _Run) -> None:
    """Write today's report into the queue. If it is killed anywhere in here, nothing is counted twice."""
    import json

    day = run.started_on
    run.kept["since"] = [_since(run.kept, day, bool(_days_before(day, run.kept, _queue(run.state))))]
    run.kept.setdefault("secret", [os.urandom(32).hex()])
    _keep(run.state, run.kept)  # before the report: an installation that forgot its secret would count as a new one
    queue = _queue(run.state)
    report, used = _compose(run, day, queue)
    _replace(os.path.join(run.state, "queue-" + day), json.dumps(report, separators=(",", ":")))
    run.kept.update(last=[day], version=[report["version"]], used=[name + " " + used[name] for name in sorted(used)])
    _keep(run.state, run.kept)
    for name in _names(run.state):
        kind, _, rest = name.partition("-")
        if (kind == "events" and rest < day) or (kind == "claim" and rest != day) or ".new" in name:
            _delete(os.path.join(run.state, name))
    queued = sorted(name for name in _names(run.state) if name.startswith("queue-"))
    sizes = {name: os.path.getsize(os.path.join(run.state, name)) for name in queued}
    while len(queued) > _MAX_REPORTS or sum(sizes[name] for name in queued) > _MAX_QUEUE_BYTES:
        _delete(os.path.join(run.state, queued.pop(0)))


def _compose(run: _Run, day: str, queue: "list[_Any]") -> "tuple[dict[str, _Any], dict[str, str]]":
    """Return the report of a day, and the last day of use of each event with it. Reads only."""
    import json

    earlier = _days_before(day, run.kept, queue)
    previous = max(earlier) if earlier else ""
    last_used = dict(line.split() for line in run.kept.get("used", ()) if line.count(" ") == 1)
    for report in queue:  # made by a run that was killed before it wrote `installation`
        if _first(run.kept, "last") < report["day"] < day:
            for entry in report["used"]:
                last_used[entry["event"]] = max(last_used.get(entry["event"], ""), entry["day"])
    is_known = bool(previous) or "verified" in run.kept
    if not is_known:
        last_used = {}
    version = _first(run.kept, "version")
    report = {
        "id": _id(_first(run.kept, "secret"), day),
        "day": day,
        "gap": min(_days_between(previous, day), _MAX_GAP) if previous else None,
        "since": _since(run.kept, day, bool(previous)),
        "version": _version(run.version),
    }
    if is_known and version and version != report["version"]:
        report["from"] = version
    report.update(_system(run.driver))
    sums = _sum_up(run, previous, day)[-_MAX_USED:]
    while True:
        report["used"], used = _with_gaps(sums, last_used, _later(day, -_MAX_DAYS_LATE))
        if not sums or len(json.dumps(report, separators=(",", ":"))) <= _MAX_REPORT_BYTES:
            return report, used
        sums = sums[len(sums) // 8 + 1 :]  # the oldest go


def _since(kept: "dict[str, list[str]]", day: str, has_earlier: bool) -> str:
    """Return the week of the first report, for one of this day.

    If all reports are of later days, a clock was wrong. Once a server has answered, that is today's: the week stays.
    """
    return (_first(kept, "since") if has_earlier or "verified" in kept else "") or _week(day)


def _days_before(day: str, kept: "dict[str, list[str]]", queue: "list[_Any]") -> "list[str]":
    """Return days before `day` that have reports. One in the future comes from a clock that was wrong: it is none."""
    days = [_first(kept, "last"), _first(kept, "verified")] + [report["day"] for report in queue]
    return [one for one in days if one and one < day]


def _sum_up(run: _Run, first: str, end: str) -> "list[dict[str, _Any]]":
    """Return what was used from the day `first` on and before `end`, by day, event and properties, in this order."""
    sums: "dict[_Any, dict[str, _Any]]" = {}
    for file in sorted(_names(run.state)):
        day = file[len("events-") :]
        if not file.startswith("events-") or not first <= day < end or not _is_day(day):
            continue
        content = _read(os.path.join(run.state, file)).decode("utf-8", "replace")
        for line in content.split("\n")[:-1]:  # what follows the last end is a line that is not whole
            noted = _parse(line)
            if noted is None:
                continue
            event, p, bins = noted
            key = (day, event, sorted(p.items(), key=lambda item: (item[0], str(item[1]))))
            entry = sums.setdefault(str(key), {"day": day, "event": event, "n": 0, "p": p, "h": {}})
            entry["n"] = min(entry["n"] + 1, _MAX_NUMBER)
            for name, number in bins.items():
                counts = entry["h"].setdefault(name, [0] * (len(EVENTS[event]["properties"][name][1]) + 1))
                counts[number] += 1
    return [sums[key] for key in sorted(sums)]


def _parse(line: str) -> "tuple[str, dict[str, _Any], dict[str, int]] | None":
    """Return the event of a line with its properties and its bins. None if the line is not valid, or no longer."""
    event, *words = line.split(" ")
    pairs = [word.partition("=") for word in words]
    names = [name for name, _, _ in pairs]
    if event not in EVENTS or names != sorted(set(names)):
        return None
    p: "dict[str, _Any]" = {}
    bins: "dict[str, int]" = {}
    for name, _, value in pairs:
        kind, values = EVENTS[event]["properties"].get(name, ("", ()))
        if kind == "choice":
            p[name] = value if value in values else "other"
        elif kind == "flag" and value in ("true", "false"):
            p[name] = value == "true"
        elif kind == "version" and value == _version(value):
            p[name] = value
        elif kind == "bucket" and value.isdigit() and int(value) <= len(values):
            bins[name] = int(value)
        elif kind:
            return None
    return event, p, bins


def _with_gaps(
    sums: "list[dict[str, _Any]]", last_used: "dict[str, str]", oldest: str
) -> "tuple[list[dict[str, _Any]], dict[str, str]]":
    """Return entries of `used`, with the days since the event's previous day of use, and the last days of use.

    A previous day that is in these sums and before `oldest` is none, because no server takes it any more.
    """
    entries, before, used = [], dict(last_used), dict(last_used)
    for entry in sums:
        event, day = entry["event"], entry["day"]
        if used.get(event) != day:
            before[event] = used[event] if used.get(event, "") >= oldest else last_used.get(event, "")
            used[event] = day
        previous = before.get(event, "")
        gap = min(max(_days_between(previous, day), 1), _MAX_GAP) if previous else None
        noted = {"day": day, "event": event, "n": entry["n"], "gap": gap}
        noted.update({key: entry[key] for key in ("p", "h") if entry[key]})
        entries.append(noted)
    return entries, used


def _system(driver: str) -> "dict[str, str]":
    """Return what the program runs on, and who runs it."""
    # `platform` would start processes on some systems, and takes long to import.
    is_android = hasattr(sys, "getandroidapilevel")
    systems = ("linux", "freebsd", "openbsd", "netbsd", "android", "ios")
    named = {"darwin": "macos", "win32": "windows", "cygwin": "windows"}
    system = named.get(sys.platform) or next((one for one in systems if sys.platform.startswith(one)), "other")
    machine = os.environ.get("PROCESSOR_ARCHITEW6432") or os.environ.get("PROCESSOR_ARCHITECTURE", "")
    machine = os.uname().machine if hasattr(os, "uname") else machine
    implementation = sys.implementation.name
    name = "python" if implementation == "cpython" else "".join(filter(str.isalpha, implementation.lower()))[:12]
    if not driver:
        is_container = "KUBERNETES_SERVICE_HOST" in os.environ or any(
            os.path.exists(path) for path in ("/.dockerenv", "/run/.containerenv")
        )
        driver = "server" if KIND == "server" else "container" if is_container else "person"
    return {
        "os": "android" if is_android else system,
        "arch": _architecture(machine.lower()),
        "runtime": name + str(sys.version_info[0]) + "." + str(sys.version_info[1]),
        "driver": driver,
    }


def _architecture(machine: str) -> str:
    names = {"x86_64": "x86-64", "amd64": "x86-64", "aarch64": "arm64", "arm64": "arm64", "x86": "x86", "i86pc": "x86"}
    if machine in names or machine in ("riscv64", "ppc64le", "s390x"):
        return names.get(machine, machine)
    if machine.startswith("arm"):
        return "arm"
    return "x86" if len(machine) == 4 and machine[0] == "i" and machine.endswith("86") else "other"


def _id(secret: str, day: str) -> str:
    import hmac

    return hmac.new(bytes.fromhex(secret), day.encode(), "sha256").hexdigest()[:32]


def _body(today: str, reports: "list[_Any]") -> bytes:
    """Return the body of a request. `show` and the sender both make it here."""
    import json

    content = {"v": 1, "schema": SCHEMA, "today": today, "reports": reports}
    return json.dumps(content, separators=(",", ":")).encode()


# Starting the process that makes the report and sends it, once a day. Here and now, both would take too long.


def _sender_command() -> "list[str]":
    """Return the command that runs this file as the sender. Empty if there is none."""
    executable = sys.executable or ""
    if getattr(sys, "frozen", False):  # it is the program itself: see `run_sender`
        return [executable, _SEND] if _is_sender_ready else []
    # Inside another program, such as uWSGI or Blender, it may be that program.
    if not os.path.basename(executable).lower().startswith(("python", "pypy")):
        return []
    # Isolated, without site packages: quick, and nothing of the user's can take the place of a standard module.
    # A Python that needs PYTHONHOME to find its standard library can't be isolated.
    flags = ["-S"] if os.environ.get("PYTHONHOME") else ["-I", "-S"]
    if os.path.isfile(__file__):
        return [executable, *flags, __file__, _SEND]
    loader = globals().get("__loader__")
    if loader is not None and hasattr(loader, "archive"):  # in a zip file (zipapp), which Python can't run a part of
        place = os.path.join(loader.archive, loader.prefix)
        return [executable, *flags, "-c", _FROM_ZIP, _SEND, place, __name__]
    return []


def _start_sender(run: _Run) -> None:
    facts = (run.config, run.state, run.driver, run.version[:100], run.started_on, "all" if run.fields is None else "")
    command = _sender_command()
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, os.fsencode("\0".join(facts)))  # much less than a pipe holds, so nobody has to read first
        os.close(write_end)
        write_end = -1
        environment = dict(os.environ)
        if getattr(sys, "frozen", False):
            environment["PYINSTALLER_RESET_ENVIRONMENT"] = "1"  # unpack again: our unpacked files go when we end
        if hasattr(os, "posix_spawn") and os.path.exists("/bin/sh"):
            _spawn_by_shell(command, environment, read_end)
        else:
            _spawn(command, environment, read_end)
    finally:
        os.close(read_end)
        if write_end >= 0:
            os.close(write_end)


def _spawn_by_shell(command: "list[str]", environment: "dict[str, str]", standard_input: int) -> None:
    """Start the sender as a child of a shell that ends at once.

    So it is not a child of the program: one that runs for weeks has no zombie, and one that waits for its own children
    gets no other. Nothing of Python is forked: there may be threads. And `subprocess` would take long to import.
    """
    actions: "list[tuple[_Any, ...]]" = [(os.POSIX_SPAWN_DUP2, standard_input, 0)]
    actions += [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_WRONLY, 0) for number in (1, 2)]
    for name in _names("/dev/fd"):  # who reads from a pipe of the program must not wait for the sender
        number = int(name)
        try:
            if number > 2 and os.get_inheritable(number):
                actions.append((os.POSIX_SPAWN_CLOSE, number))
        except OSError:
            pass  # it was open for reading this directory
    arguments = ["sh", "-c", _SHELL, "sh", *command]
    try:
        child = os.posix_spawn("/bin/sh", arguments, environment, file_actions=actions, setsid=True)
    except NotImplementedError:  # the system's library is too old for setsid
        _spawn(command, environment, standard_input)
        return
    try:
        os.waitpid(child, 0)
    except ChildProcessError:
        pass  # the program has let the system wait for its children


def _spawn(command: "list[str]", environment: "dict[str, str]", standard_input: int) -> None:
    """Start the sender as a child: on Windows, and without a shell, as in the smallest containers."""
    import subprocess
    import tempfile

    options: "dict[str, _Any]" = {"start_new_session": True}
    if os.name == "nt":
        # No console window flashes up, and Ctrl-C in the program's console does not reach it.
        flags = ("CREATE_NO_WINDOW", "DETACHED_PROCESS", "CREATE_NEW_PROCESS_GROUP")
        options = {"creationflags": sum(getattr(subprocess, flag, 0) for flag in flags)}
    child = subprocess.Popen(
        command,
        stdin=standard_input,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tempfile.gettempdir(),  # so that no directory of the user's is kept busy
        env=environment,
        close_fds=True,
        **options,
    )
    _children.append(child)  # `start` looks whether it has ended


# The sender: a process of its own, which runs this file as a script.


def _send_and_end() -> None:
    """Make the day's report and send what is in the queue. Ends this process."""
    try:
        if __name__ == "__main__" and not sys.flags.isolated:
            del sys.path[0]  # the program's directory: a file there could have a standard module's name
        _limit_time()
        run = _Run()
        facts = os.fsdecode(os.read(0, 65536)).split("\0")
        run.config, run.state, run.driver, run.version, run.started_on, told = facts
        _report_and_send(run, told == "all")
    finally:
        os._exit(0)


def _report_and_send(run: _Run, is_all_told: bool) -> None:
    """Make the report whose day was claimed, and send the queue, unless the user has just decided otherwise."""
    claim = os.path.join(run.state, "claim-" + run.started_on)
    run.choice = _lines(os.path.join(run.config, "choice"))
    if (_first(run.choice, "choice") == "off" and not _is_forced()) or not os.path.exists(claim):
        return
    run.fields = None if is_all_told else set(run.choice.get("field", ()))
    run.kept = _lines(os.path.join(run.state, "installation"))
    if run.started_on != _first(run.kept, "last"):
        try:
            _make_report(run)
        except OSError:  # such as a full disk: another run of today may be luckier
            _delete(claim)
    _send_queue(run.config, run.state, _queue(run.state))


def _limit_time() -> None:
    """Let the system end this process after 10 seconds, even if it hangs in C code, as when a name server is dead."""
    import signal

    if hasattr(signal, "alarm"):
        # The program may have blocked or ignored the signal, and its children inherit that.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
        signal.alarm(_SEND_SECONDS)
        return
    import threading

    watchdog = threading.Timer(_SEND_SECONDS, os._exit, (1,))  # Windows; looking up a name lets other threads run
    watchdog.daemon = True
    watchdog.start()


def _is_withdrawn(config: str, state: str, secret: str) -> bool:
    """Whether the user called `forget` since this process knew the secret, or chose `off`: then nothing is written."""
    if _first(_lines(os.path.join(state, "installation")), "secret") != secret:
        return True
    return not _is_forced() and _first(_lines(os.path.join(config, "choice")), "choice") == "off"


def _send_queue(config: str, state: str, reports: "list[_Any]") -> None:
    kept = _lines(os.path.join(state, "installation"))
    secret = _first(kept, "secret")
    today = _day_at(_now() + _offset(kept))
    if not reports or _is_withdrawn(config, state, secret):
        return
    status, answer, body = _post(today, reports)
    if _is_withdrawn(config, state, secret):
        return
    offset = _offset_of(answer)
    if status == 202 and answer.get("day") != today and offset is not None:
        kept["offset"] = [str(offset)]
        reports = _move(state, kept, today, str(answer["day"]), reports)
        today = str(answer["day"])
        if not reports:
            return
        status, answer, body = _post(today, reports)
        if _is_withdrawn(config, state, secret):
            return
        offset = _offset_of(answer)
    if status == 202 and answer.get("day") == today:
        kept = _lines(os.path.join(state, "installation"))
        if offset is not None:
            kept["offset"] = [str(offset)]
        kept["verified"] = [today]
        _note_sent(state, today, body)
        _delete_reports(state, reports)
        _keep(state, kept)
    elif status in (400, 404, 413, 415):  # the program was retired, or these will never be taken
        _delete_reports(state, reports)


def _post(today: str, reports: "list[_Any]") -> "tuple[int, dict[str, _Any], bytes]":
    """Send reports. Return the status, 0 without an answer, the answer, and the body that was sent."""
    import json
    import urllib.error
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: "_Any") -> None:
            return None  # what was declared is sent to who was named, and to nobody else

    body = _body(today, reports)
    headers = {"Content-Type": "application/json", "User-Agent": "footfall-python"}
    try:
        opener = urllib.request.build_opener(NoRedirect)  # with the proxies that variables name
        with opener.open(urllib.request.Request(ENDPOINT, body, headers), timeout=_SEND_SECONDS) as reply:
            return reply.status, dict(json.loads(reply.read(65536))), body
    except urllib.error.HTTPError as error:
        return error.code, {}, body
    except Exception:
        return 0, {}, body


def _offset_of(answer: "dict[str, _Any]") -> "int | None":
    """Return the seconds to add to this machine's clock, by a server's answer. None if it does not say."""
    import calendar

    try:
        moment = time.strptime(str(answer["day"]) + " " + str(answer["time"]), "%Y-%m-%d %H:%M:%S")
    except (KeyError, ValueError):
        return None
    return int(calendar.timegm(moment) - _now())


def _move(state: str, kept: "dict[str, list[str]]", wrong: str, right: str, reports: "list[_Any]") -> "list[_Any]":
    """Move reports of a wrong clock to their right days, in the queue too. Return what is to be sent."""
    import json

    secret, queued = _first(kept, "secret"), [report["day"] for report in reports]
    if "verified" not in kept:
        moved = _move_all(kept, _days_between(wrong, right), reports)
    else:
        moved = _move_today(kept, wrong, right, reports)
    for report in moved:
        report["id"] = _id(secret, report["day"])
        _replace(os.path.join(state, "queue-" + report["day"]), json.dumps(report, separators=(",", ":")))
    days = {report["day"] for report in moved}
    for day in queued:
        if day not in days:
            _delete(os.path.join(state, "queue-" + day))
    _keep(state, kept)
    for kind in ("claim-", "events-"):  # a claim for a day to come would keep that day's report from being made
        _rename(os.path.join(state, kind + wrong), os.path.join(state, kind + right))
    return moved


def _move_all(kept: "dict[str, list[str]]", days: int, reports: "list[_Any]") -> "list[_Any]":
    """Move all reports by as many days: the clock was wrong since the first, as far as anyone knows."""
    last_used = dict(line.split() for line in kept.get("used", ()))
    kept["used"] = [name + " " + _later(day, days) for name, day in sorted(last_used.items())]
    if "last" in kept:
        kept["last"] = [_later(_first(kept, "last"), days)]
    first = next((report["day"] for report in reports if report["gap"] is None), None)
    kept["since"] = [_week(_later(first or _monday(_first(kept, "since")), days))]
    for report in reports:
        report["day"] = _later(report["day"], days)
        report["since"] = _first(kept, "since")
        for entry in report["used"]:
            entry["day"] = _later(entry["day"], days)
    return reports


def _move_today(kept: "dict[str, list[str]]", wrong: str, right: str, reports: "list[_Any]") -> "list[_Any]":
    """Move the report of a wrong today. Drop it if the right day was reported already."""
    moved = [report for report in reports if report["day"] != wrong]
    days = [_first(kept, "verified")] + [report["day"] for report in moved]
    kept["last"] = [right]
    for report in reports:
        if report["day"] != wrong:
            continue
        last_used = dict(line.split() for line in kept.get("used", ()))
        for entry in reversed(report["used"]):  # uses on days that are yet to come are left out, the latest first
            if entry["day"] >= right:
                gap = entry["gap"]
                last_used[entry["event"]] = _later(entry["day"], -gap) if gap else ""
        kept["used"] = [name + " " + day for name, day in sorted(last_used.items()) if day]
        report["used"] = [entry for entry in report["used"] if entry["day"] < right]
        earlier = [day for day in days if day < right]
        if right not in days and earlier:
            report.update(day=right, gap=min(_days_between(max(earlier), right), _MAX_GAP))
            moved.append(report)
    return moved


def _note_sent(state: str, today: str, body: bytes) -> None:
    """Keep the bytes that were sent, for 30 days."""
    path = os.path.join(state, "sent")
    lines = [*_read(path).split(b"\n")[:-1], today.encode() + b" " + body]
    oldest = _later(today, -_DAYS_SENT).encode()
    lines = [line for line in lines if line[:10] > oldest]
    while sum(len(line) + 1 for line in lines) > _MAX_SENT_BYTES:
        lines.pop(0)
    _replace(path, b"".join(line + b"\n" for line in lines).decode())


def _delete_reports(state: str, reports: "list[_Any]") -> None:
    for report in reports:
        _delete(os.path.join(state, "queue-" + report["day"]))


# Files. Everything is opened, read or written, and closed again at once.


def _lines(path: str) -> "dict[str, list[str]]":
    """Return the lines of a file by their first word. Empty if there is no such file."""
    lines: "dict[str, list[str]]" = {}
    for line in _read(path).decode("utf-8", "replace").splitlines():
        word, _, rest = line.partition(" ")
        lines.setdefault(word, []).append(rest)
    for word in ("told", "last", "verified"):
        if word in lines and not _is_day(lines[word][0]):
            del lines[word]
    return lines


def _first(lines: "dict[str, list[str]]", word: str) -> str:
    return lines[word][0] if word in lines else ""


def _keep(state: str, kept: "dict[str, list[str]]") -> None:
    """Replace `installation`. Raises OSError if its directory is gone: then the user has just called `forget`."""
    lines = [word + " " + rest for word, values in kept.items() for rest in values]
    _replace(os.path.join(state, "installation"), "\n".join(lines) + "\n")


def _queue(state: str) -> "list[_Any]":
    """Return the reports that no server has yet, by day."""
    import json

    reports = []
    for name in sorted(_names(state)):
        if name.startswith("queue-") and _is_day(name[len("queue-") :]):
            try:
                report = json.loads(_read(os.path.join(state, name)))
            except ValueError:
                continue
            if isinstance(report, dict) and report.get("day") == name[len("queue-") :]:
                reports.append(report)
    return reports


def _append(path: str, line: bytes) -> None:
    """Add a line in one write. POSIX appends it as a whole, however many processes write.

    Windows only seeks to the end first, so of two processes at the same moment, one may write over the other's line.
    What is then no valid line is left out when the day is summed up.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    try:
        file = os.open(path, flags, 0o600)
    except FileNotFoundError:
        _make_directory(os.path.dirname(path))
        file = os.open(path, flags, 0o600)
    try:
        if os.fstat(file).st_size + len(line) <= _MAX_EVENT_BYTES:
            os.write(file, line)
    finally:
        os.close(file)


def _replace(path: str, text: str) -> None:
    """Write a file as a whole: who reads it sees what was there before, or what is there now."""
    new, content = path + ".new" + str(os.getpid()), text.encode()
    try:
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        try:
            is_whole = os.write(file, content) == len(content)
        finally:
            os.close(file)
        if not is_whole:
            raise OSError("the disk is full")
        os.replace(new, path)
    except OSError:
        _delete(new)
        raise


def _rename(old: str, new: str) -> None:
    """Give a file another name, or add its lines to the file that has this name already."""
    try:
        if os.path.exists(new):
            _append(new, _read(old))
            _delete(old)
        else:
            os.rename(old, new)
    except OSError:
        pass  # there is none, or the disk is full


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1048576)
    except OSError:
        return b""


def _names(directory: str) -> "list[str]":
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _delete(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _delete_directory(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError:
        pass


def _make_directory(path: str) -> None:
    """Make a directory and those above it that are missing, all of them for the user alone."""
    try:
        os.mkdir(path, 0o700)
    except FileNotFoundError:
        _make_directory(os.path.dirname(path))
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass


# Days. They are texts such as 2026-11-25, whose order is the order of time.


def _day_at(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


def _offset(kept: "dict[str, list[str]]") -> int:
    text = _first(kept, "offset")
    return int(text) if text.lstrip("-").isdigit() and len(text) < 12 else 0


def _is_day(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-" and (text[:4] + text[5:7] + text[8:]).isdigit()


def _days_between(first: str, later: str) -> int:
    import datetime

    return (datetime.date.fromisoformat(later) - datetime.date.fromisoformat(first)).days


def _later(day: str, days: int) -> str:
    import datetime

    return (datetime.date.fromisoformat(day) + datetime.timedelta(days)).isoformat()


def _week(day: str) -> str:
    """Return the ISO week of a day, such as 2026-W48."""
    import datetime

    year, week, _ = datetime.date.fromisoformat(day).isocalendar()
    return "%d-W%02d" % (year, week)


def _monday(week: str) -> str:
    import datetime

    return datetime.date.fromisocalendar(int(week[:4]), int(week[6:]), 1).isoformat()


if __name__ == "__main__" and sys.argv[1:2] == [_SEND]:
    _send_and_end()
