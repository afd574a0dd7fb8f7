"""What the public page of a program says, in the order of its readers' questions. All of it is from the declaration."""

from datetime import date

from django.utils.translation import gettext as _

from collector.models.programs import KEPT_DAYS
from collector.programs.forms import OTHER
from collector.programs.program import Door, Event, Program, Property
from dashboard.about.content import AboutPage, Row, Section, Server
from dashboard.about.example import example_request
from dashboard.formatting import day, enumerated, listed

SDK_NAMES: dict[Door, str] = {"posthog": "PostHog", "aptabase": "Aptabase", "otlp": "OpenTelemetry"}


def program_page(program: Program, server: Server, today: date, declared_on: date) -> AboutPage:
    """Return the page in the active language. As long as nothing changes, neither does the page: `TELEMETRY.md` is kept
    in repositories, so its example is of the day of the declaration.
    """
    return AboutPage(
        heading=_("What %(program)s collects") % {"program": program.name},
        texts=[program.why, _mode(program), _automation(program)],
        rows=_contacts(program),
        sections=[
            _always_sent(program),
            *[_of_event(event, today) for event in program.events.values()],
            *_other_sdks(program),
            _example(program, declared_on),
            _not_kept() if program.sdks else _not_sent(),
            _how_long(),
            _switches(program),
            about_server(server, program),
        ],
    )


def about_server(server: Server, program: Program | None = None) -> Section:
    """Say who runs this server; if that is not set, which host it is."""
    if server.operator:
        texts = [_("%(operator)s runs this server, %(host)s.") % {"operator": server.operator, "host": server.host}]
    else:
        texts = [_("The server is %(host)s.") % {"host": server.host}]
    rows = _contacts(program) if program and not server.operator else []
    return Section(_("Who runs this server"), texts, rows)


def _contacts(program: Program) -> list[Row]:
    rows = [Row(_("Questions:"), link=program.contact)]
    return [*rows, Row(_("More about it:"), link=program.link)] if program.link else rows


def _mode(program: Program) -> str:
    if program.mode == "ask":
        return _("It is off until you say yes. The program asks once, in a terminal.")
    if program.mode == "notice":
        return _("The program first tells you about it, in a terminal. It sends nothing before the next day.")
    return _("It is off until you switch it on.")


def _automation(program: Program) -> str:
    if program.reports_from_ci and program.reports_from_agents:
        return _("It also reports from CI systems and coding agents. They are counted separately.")
    if program.reports_from_ci:
        return _("It also reports from CI systems, which are counted separately, but not from coding agents.")
    if program.reports_from_agents:
        return _("It also reports from coding agents, which are counted separately, but not from CI systems.")
    return _("In CI systems and for coding agents, it sends nothing unless you switch it on.")


def _always_sent(program: Program) -> Section:
    rows = [
        Row(_("an ID for this day only. It comes from a secret on your device, so nobody can link two days")),
        Row(_("the day, the number of days since the last report, and the week of the first report")),
        Row(_("the version of the program, and the one before if you upgraded")),
        Row(_("the operating system, the processor architecture and the runtime, such as linux, arm64, python3.12")),
        Row(_("whether a person, a server, a container, a coding agent or a CI system runs it")),
    ]
    if program.with_country:
        rows.append(
            Row(_("your country. The server looks it up by the address of the connection, which it then forgets"))
        )
    if program.events:
        rows.append(Row(_("how often you used each of the following on the days before, and when you last used it")))
    text = _("At most one report a day, when you first use the program on that day (in UTC). It contains:")
    runs = _("Scripts can also report single runs, which have nothing but the event and the version.")
    return Section(_("What is sent"), [text], rows, closing=[runs])


def _of_event(event: Event, today: date) -> Section:
    until = {"day": day(event.until, "yMMMd")}
    ended = event.until < today
    closing = _("Ended on %(day)s: this is no longer sent.") if ended else _("Sent until %(day)s.")
    return Section(
        event.name,
        [event.reason],
        [*map(_of_property, event.properties.values()), Row(_("More about it:"), link=event.link)],
        closing=[closing % until],
        is_code=True,
        is_part=True,
    )


def _of_property(declared: Property) -> Row:
    return Row(f"{_values(declared)} {declared.reason}", code=declared.name)


def _values(declared: Property) -> str:
    if declared.type == "choice":
        return _("One of: %(values)s.") % {"values": enumerated([*declared.values, OTHER])}
    if declared.type == "bucket":
        bounds = enumerated([f"{bound:.15g}" for bound in declared.bounds])
        unit = f" ({declared.unit})" if declared.unit else ""
        return _("A number, counted in ranges with these bounds: %(bounds)s.") % {"bounds": f"{bounds}{unit}"}
    return _("Yes or no.") if declared.type == "flag" else _("A version number.")


def _example(program: Program, day: date) -> Section:
    return Section(
        _("An example"), [_("This is a whole request, as it is sent:")], example=example_request(program, day)
    )


def _other_sdks(program: Program) -> list[Section]:
    """Say what other SDKs send, and what becomes of their ids."""
    if not program.sdks:
        return []
    sdks = listed([SDK_NAMES[sdk] for sdk in program.sdks])
    kept = _(
        "The program may also report with other software: %(sdks)s. Of what that sends, the server keeps only what is "
        "listed above: the version and the systems, and the events with their properties."
    )
    ids = _(
        "That software sends an ID of your installation, which stays the same. The server never stores it. It makes "
        "three keyed hashes of it: for the day, the week and the month. Each hash and its key are deleted within 48 "
        "hours of the end of its day, week or month. So the server can tell for a month at most that the same "
        "installation was active again."
    )
    switch = _("Only the program itself can switch that software off, and ask or tell you first.")
    texts = [kept % {"sdks": sdks}, ids, switch]
    return [Section(_("Other software"), texts)]


def _not_kept() -> Section:
    text = _(
        "No name, no file name, no text that you type, and no ID. The server does not store the address of your "
        "connection."
    )
    return Section(_("What is not kept"), [text])


def _not_sent() -> Section:
    text = _(
        "No name, no file name, no text that you type, and no ID that lasts longer than a day. The server does not "
        "store the address of your connection."
    )
    return Section(_("What is not sent"), [text])


def _how_long() -> Section:
    text = _(
        "Reports are deleted after %(days)d days. Their daily counts stay: they say how many installations did "
        "something, never which."
    )
    return Section(_("How long it is kept"), [text % {"days": KEPT_DAYS}])


def _switches(program: Program) -> Section:
    name = program.variable
    rows = [
        Row(_("for this program"), code=f"{name}_TELEMETRY=off"),
        Row(_("for this program"), code=f"{name}_TELEMETRY_DISABLED=1"),
        Row(_("for all programs that respect it"), code="DO_NOT_TRACK=1"),
        Row(_("for all programs that respect it"), code="TELEMETRY_DISABLED=1"),
        Row(_("for all programs that respect it"), code="DISABLE_TELEMETRY=1"),
        Row(_("for everybody on this computer: create this file"), code="/etc/footfall/off"),
        Row(_("for you: write “choice off” into this file"), code=f"~/.config/{program.id}/telemetry/choice"),
        Row(_("the same on Windows"), code=rf"%LOCALAPPDATA%\{program.id}\telemetry\choice"),
        Row(_("for packagers: the client’s file says how")),
    ]
    return Section(
        _("How to switch it off"),
        [_("Set one of these environment variables, or create one of these files:")],
        rows,
        closing=[
            _("Then nothing is recorded or sent, no file is written, and no notice is shown."),
            _("To delete what is stored on your device, delete the directory %(path)s.")
            % {"path": f"~/.local/state/{program.id}/telemetry"},
        ],
    )
