"""Declarations: what they say, and what is wrong with them, line by line."""

import time
import tracemalloc
from datetime import date

import pytest

from collector.programs.declaration import MAX_PROBLEMS, DeclarationError, read_declaration
from tests.collector.programs.declarations import EXAMPLE, example, line


def problems_of(text: str) -> list[str]:
    """Return what is wrong with a declaration, one text each."""
    with pytest.raises(DeclarationError) as raised:
        read_declaration(text)
    return [str(problem) for problem in raised.value.problems]


def test_the_example_is_read():
    program = read_declaration(EXAMPLE)

    assert (program.id, program.name, program.kind, program.mode) == ("paperclip", "Paperclip", "command", "notice")
    assert (program.with_country, program.reports_from_ci, program.reports_from_agents) == (False, False, False)
    assert program.versions.withdrawn == ("2.3.1",)
    assert program.versions.released["2.4.1"] == date(2026, 11, 12)
    assert program.versions.is_supported("2.4.7")
    assert not program.versions.is_supported("2.40")
    build = program.events["build"]
    assert (build.until, build.is_failure) == (date(2028, 12, 31), False)
    assert {one.type for one in build.properties.values()} == {"choice", "bucket", "flag", "version"}
    assert build.properties["seconds"].bins == 4
    assert program.events["failed"].is_failure


def test_other_sdks_are_named_and_change_no_field_of_the_client():
    program = read_declaration(example(('mode = "notice"', 'sdks = ["otlp", "posthog"]\nmode = "notice"')))

    assert program.sdks == ("posthog", "otlp")
    assert program.schema == read_declaration(EXAMPLE).schema


def test_a_declaration_needs_no_events():
    text = EXAMPLE[: EXAMPLE.index("[versions]")]

    assert read_declaration(text).events == {}


@pytest.mark.parametrize(
    "text", ["یک برنامه\u200cی خوب", "Pourquoi\u00a0? Parce que.", "理由\u3000一", "👩\u200d💻", "a\n \t\nb"]
)
def test_reasons_may_be_in_any_writing_system(text):
    changed = example(('"Drafts may skip the index."', f'"""{text}"""'), ("seconds = {", "seconds = {"))

    assert read_declaration(changed).events["build"].properties["draft"].reason == text


FORMAT = 'values = ["html", "pdf", "epub"]'
REASON = 'reason = "Shows which formats people need, and where it is too slow."'
UNTIL = "until = 2028-12-31            #"
FAILED = "[events.failed]"
DRAFT = 'draft = {type = "flag", reason = "Drafts may skip the index."}'
NEEDS_WORDS = "is missing or not a text. Write some words in quotes."


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ('id = "paperclip"', 'id = "Paper Clip"', "id =", "“id” can't be used. Write up to 40 letters a to z"),
        ('id = "paperclip"', 'id = "9"', "id =", "beginning with a letter"),
        ('id = "paperclip"', 'id = ""', "id =", "“id” is missing or not a text. Write up to 40"),
        ('name = "Paperclip"', "name = 1", "name =", f"“name” {NEEDS_WORDS}"),
        ('name = "Paperclip"', f'name = "{"x" * 101}"', "name =", "“name” has 101 characters. Write at most 100."),
        ('name = "Paperclip"', 'name = "a\\nb"', "name =", "Write it as one line"),
        ('name = "Paperclip"', 'name = "\\u200b"', "name =", "only invisible characters"),
        ('kind = "command"', 'kind = "cli"', "kind =", 'one of these: "command", "desktop", "library", "server".'),
        ('mode = "notice"', 'public = ["all"]', "public =", 'one of these: "actives", "versions", "systems",'),
        ('mode = "notice"', 'public = ["all", "all"]', "public =", "“public” is missing or wrong"),
        ('mode = "notice"', "public = [[]]", "public =", "“public” is missing or wrong"),
        ('mode = "notice"', "public = true", "public =", "Write a list of 1 to 5, in square brackets."),
        ('mode = "notice"', 'mode = ["ask"]', "mode =", 'Write one of these: "ask", "notice", "off".'),
        ('mode = "notice"', "", "[program]", "“mode” is missing or wrong"),
        ("why = ", "whyy = ", "whyy =", "“whyy” is not known here. Did you mean “why”?"),
        ("why = ", "whyy = ", "[program]", f"“why” {NEEDS_WORDS}"),
        ("why = ", "color = 1\nwhy = ", "color =", "Remove it, or write one of these: contact, country, id, kind,"),
        ("why = ", "country = 1\nwhy = ", "country =", "Write “country” as true or false, without quotes."),
        ("why = ", 'report_from_ci = "no"\nwhy = ', "report_from_ci", "as true or false"),
        ("why = ", 'sdks = "posthog"\nwhy = ', "sdks =", "Write a list of 1 to 3, in square brackets."),
        ("why = ", 'sdks = ["mixpanel"]\nwhy = ', "sdks =", 'one of these: "posthog", "aptabase", "otlp".'),
        ("why = ", 'link = "javascript:alert(1)"\nwhy = ', "link =", "Write the address of a web page or an issue"),
        ("https://paperclip.example/contact", "me", "contact =", "so that people can ask you"),
        ("https://paperclip.example/contact", "me@localhost", "contact =", "so that people can ask you"),
        ("[versions]", "[version]", "[version]", "“version” is not known here. Did you mean “versions”?"),
        ('newest = "2.4.1"', "newest = 2.4", "newest =", "“2.4” is not a version. Write one like 2.4.1"),
        ('["2.3.1"]', '["x"]', "withdrawn =", "“x” is not a version"),
        ('["2.3.1"]', "[]", "withdrawn =", "Write a list of 1 to 200, in square brackets."),
        ('"2.4.0" = 2026-10-01', '"2.4.0" = "old"', '"2.4.0"', "“2.4.0” is missing or not a date"),
        ('"2.4.0" = 2026-10-01', "old = 2026-10-01", "old =", "“old” is not a version"),
        ("[events.build]", "[events.country]", "[events.country]", "Choose another name."),
        (FAILED, "[events.Failed]", "[events.Failed]", "“Failed” is not a name. Write up to 40 letters"),
        (REASON, "", "[events.build]", f"“reason” {NEEDS_WORDS}"),
        (REASON, f'reason = "{"x" * 501}"', "reason = ", "“reason” has 501 characters. Write at most 500."),
        (REASON, 'reason = "\\u202e"', "reason = ", "characters that can't be shown"),
        (REASON, 'reason = "Two lines.\\u2028\\nOr three."', "reason = ", "characters that can't be shown"),
        ('link = "https://paperclip.example/issues/12"', "", "[events.build]", "“link” is missing"),
        (UNTIL, 'until = "2028-12-31" #', "until = ", "Write one like 2027-12-31, without quotes and time."),
        (UNTIL, "until = 2028-12-31T10:00:00 #", "until = ", "“until” is missing or not a date."),
        (UNTIL, "#", "[events.build]", "“until” is missing or not a date."),
        (UNTIL, "until = 2028-02-30 #", "until = ", "This is not TOML"),
        ("failure = true", "failure = 1", "failure = ", "as true or false"),
        ("class = {", "kind = {", "[events.failed]", "A failure needs a property “class” of type “choice”"),
        (f"{FORMAT}, ", "", "format = ", "Write a list of 1 to 40"),
        (FORMAT, "values = [1]", "format = ", "“1” can't be a value. Write it in quotes"),
        (FORMAT, 'values = ["a b"]', "format = ", "“a b” can't be a value"),
        (FORMAT, 'values = ["a", "a"]', "format = ", "List each value only once."),
        (FORMAT, 'values = ["other"]', "format = ", "Remove “other”. It is always allowed"),
        ("bounds = [1, 5, 30]", "bounds = [5, 1]", "seconds = ", "in rising order"),
        ("bounds = [1, 5, 30]", "bounds = [1, 1]", "seconds = ", "in rising order"),
        ("bounds = [1, 5, 30]", "bounds = [true]", "seconds = ", "as numbers, such as [1, 5, 30]"),
        ("bounds = [1, 5, 30]", "bounds = [nan]", "seconds = ", "as numbers"),
        ("bounds = [1, 5, 30]", "bounds = [1, inf]", "seconds = ", "as numbers"),
        ("bounds = [1, 5, 30]", f"bounds = {list(range(21))}", "seconds = ", "Write a list of 1 to 20"),
        ('type = "flag"', 'type = "text"', "draft = ", 'Write one of these: "choice", "bucket", "flag", "version".'),
        ('type = "flag"', 'type = "flag", values = ["a"]', "draft = ", "“values” is not known here"),
        (DRAFT, "draft = 1", "draft = ", "A table is missing."),
    ],
)  # fmt: skip
def test_each_problem_is_told_with_its_line_and_what_to_write(old, new, at, says):
    text = example((old, new))

    wrong = [one for one in problems_of(text) if says in one]

    assert [one.partition(":")[0] for one in wrong] == [f"Line {line(at, text)}"]


EVENT = '[events.{name}]\nreason = "x"\nlink = "https://x.example"\nuntil = 2028-12-31\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "".join(EVENT.format(name=f"e{number}") for number in range(49)),
            "There are more than 50 events. Remove some.",
        ),
        (
            EVENT.format(name="e")
            + "".join(f'properties.p{number} = {{type = "flag", reason = "x"}}\n' for number in range(11)),
            "There are more than 10 properties. Remove some.",
        ),
        (
            f'{EVENT.format(name="e")}properties.p = {{type = "choice", reason = "x", values = '
            f"{[f'v{number}' for number in range(41)]}}}",
            "Write a list of 1 to 40, in square brackets.",
        ),
    ],
)
def test_there_are_limits(text, says):
    problems = problems_of(EXAMPLE + text)

    assert len(problems) == 1
    assert problems[0].endswith(says)


def test_all_problems_are_told_at_once_in_the_order_of_their_lines():
    text = example(('mode = "notice"', 'mode = "x"'), ('id = "paperclip"', "id = 1"), ("failure = true", "failure = 0"))

    lines = [int(problem.split()[1].rstrip(":")) for problem in problems_of(text)]

    assert lines == sorted(lines)
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "A table is missing. Begin it with a line that says [program]."),
        ("program = 1", "Line 1: A table is missing. Begin it with a line that says [program]."),
        ("[[program]]\nid = 1", "Line 1: A table is missing"),
        ("\nid =", "Line 2: This is not TOML: Invalid value"),
        ("a = 1\nb = [", "Line 2: This is not TOML"),
        ("a = 1\na = 2", "Line 2: This is not TOML: Cannot overwrite a value"),
        ("a = \x00", "Line 1: This is not TOML"),
        ("a = " + "9" * 5000, "This is not TOML"),
        ("a = " + "[" * 60_000, "Brackets are nested too deeply. Close each one."),
        ("a = " + "{a=" * 20_000, "Brackets are nested too deeply. Close each one."),
        ("\n" + "a." * 32_000 + "a = 1", "Line 2: A name has too many parts."),
        ("\n[" + '"a" . ' * 9_000 + "a]", "Line 2: A name has too many parts."),
        ("a = {b = 1, " + "a." * 30_000 + "a = 1}", "Line 1: A name has too many parts."),
        ("#" * 65_537, "longer than 64 KB"),
        ("#" + "é" * 32_768, "longer than 64 KB"),
    ],
)
def test_what_is_not_toml_or_too_much_is_refused(text, says):
    assert says in problems_of(text)[0]


@pytest.mark.parametrize(
    "changes",
    [
        [("[events.build]", "[ events . 'build' ] # comment"), ("failure = true", '"failure" = 1')],
        [(FAILED, f'{FAILED}\nnote = """\n[events.x]\nfailure = 1\n"""'), ("failure = true", "failure = 1")],
        [(FAILED, f"{FAILED}\nnote = [\n'''\n] failure = 1''', # ]\n]"), ("failure = true", "failure = 1")],
        [(f"{FAILED}\n", "[events]\nfailed.note = '# \"\"\" ['\n"), ("failure = true", "failed.failure = 1")],
    ],
)  # fmt: skip
def test_a_line_is_right_whatever_stands_before_it(changes):
    text = example(*changes)
    at = max(
        number for number, one in enumerate(text.splitlines(), 1) if one.startswith(('"fail', "fail")) and "= 1" in one
    )

    assert [one for one in problems_of(text) if "true or false" in one] == [
        f"Line {at}: Write “failure” as true or false, without quotes."
    ]


HOSTILE = {
    "unknown keys": "\n".join(f"k{number} = 1" for number in range(6000)),
    "unknown tables": "\n".join(f"[events.E{number}]" for number in range(3500)),
    "a huge key": f"{'k' * 65_000} = 1",
    "a huge quoted key": f'"{"k." * 32_000}" = 1',
    "brackets": "[" * 65_000,
    "blanks": f"[program{' ' * 65_000}]",
    "a blank key": f"a{' ' * 65_000}= 1",
    "many parts": "\n".join(f"{'a.' * 15}b{number} = 1" for number in range(1600)),
    "parts of tables": "\n".join(f"[{'a.' * 15}b{number}]" for number in range(1600)),
    "array tables": "[[events]]\n[[events.a]]\n" * 2500,
    "a number": "[versions]\nsupported = [0x" + "f" * 60_000 + "]",
    "bounds": '[events.a.properties.b]\ntype = "bucket"\nbounds = [0x' + "f" * 60_000 + "]",
    "values": '[events.a.properties.b]\ntype = "choice"\nvalues = [0x' + "f" * 60_000 + ", 0x" + "f" * 4_000 + "]",
    "many values": '[events.a.properties.b]\ntype = "choice"\nvalues = [' + '"",' * 20_000 + "]",
    "a long text": '[program]\nwhy = """' + "\u202b" * 20_000 + '"""',
    "quotes": "a = '" + '"' * 60_000 + "'",
    "open quotes": '"' * 65_000,
    "a contact": f'[program]\ncontact = "{"a@" * 30_000}"',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_declarations_are_refused_in_bounded_time_memory_and_words(name):
    text = HOSTILE[name]
    tracemalloc.start()
    began = time.process_time()
    problems = problems_of(text)
    seconds = time.process_time() - began
    most_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert seconds < 5  # `tracemalloc` makes it several times slower
    assert most_bytes < 64 * 1024**2
    assert len(problems) <= MAX_PROBLEMS + 1
    assert all(len(problem) < 600 for problem in problems)
