"""`manage.py declare`."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from collector.models import Declaration, Pixel, Project
from tests.collector.programs.declarations import EXAMPLE, example, line

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture(autouse=True)
def public_url(settings):
    settings.PUBLIC_URL = "https://hits.example.org"


@pytest.fixture
def run(tmp_path):
    """Return a function that runs the command with a declaration, and returns its output on stdout and stderr."""

    def run(text: str | bytes, *options: str, project: str = "tools") -> tuple[str, str]:
        path = tmp_path / "telemetry.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        out, err = io.StringIO(), io.StringIO()
        call_command("declare", project, str(path), *options, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    return run


@pytest.mark.every_database
def test_a_new_program_is_made_and_says_what_to_do_next(run):
    out, err = run(EXAMPLE)

    pixel = Pixel.objects.get()
    assert (pixel.project.slug, pixel.title, pixel.kind) == ("tools", "Paperclip", "app")
    assert out.startswith("Program “Paperclip” (paperclip) in project tools: created\n")
    assert f"token    {pixel.token}\n" in out
    assert f"schema   {pixel.declaration.schema}\n" in out
    assert f"reports  https://hits.example.org/e/{pixel.token}\n" in out
    assert "  + build.format=html\n" in out
    assert "manage.py make_client" in out
    assert "Note:" not in out
    assert "has no owner" in err


def test_it_says_how_each_other_sdk_is_pointed_here(run):
    out, _ = run(example(('mode = "notice"', 'mode = "notice"\nsdks = ["posthog", "aptabase", "otlp"]')))

    token = Pixel.objects.get().token
    assert f"posthog  host https://hits.example.org, project key {token}\n" in out
    assert f"aptabase host https://hits.example.org, app key A-SH-{token}\n" in out
    assert f"otlp     OTEL_EXPORTER_OTLP_ENDPOINT=https://hits.example.org/e/{token}\n" in out
    assert "sdks" in run(EXAMPLE)[0]


def test_a_change_says_what_became_wider_and_narrower(run):
    run(EXAMPLE)

    out, _ = run(example(('"epub"]', '"docx"]'), ('mode = "notice"', 'mode = "ask"')))

    assert "in project tools: changed\n" in out
    assert "told about these fields before they are sent:\n  + build.format=docx\n" in out
    assert "no longer accepted:\n  - build.format=epub\n" in out
    assert "Also different: program.mode\n" in out
    assert Pixel.objects.count() == 1


@pytest.mark.every_database
def test_the_same_declaration_again_is_unchanged(run):
    run(EXAMPLE)

    out, _ = run(EXAMPLE)

    assert "in project tools: unchanged\n" in out
    assert "make_client" not in out


@pytest.mark.parametrize(
    ("change", "is_in_clients"), [(('mode = "notice"', 'mode = "ask"'), True), (('newest = "2.4.1"', ""), False)]
)
def test_a_new_client_is_suggested_only_if_it_would_differ(run, change, is_in_clients):
    run(EXAMPLE)

    out, _ = run(example(change))

    assert ("make_client" in out) is is_in_clients


def test_the_owner_of_a_new_project_is_named(run, stranger):
    _, err = run(EXAMPLE, "--owner", "stranger")

    assert Project.objects.owned_by(stranger).get().slug == "tools"
    assert err == ""


def test_check_of_the_same_declaration_passes(run):
    run(EXAMPLE)

    out, _ = run(f"{EXAMPLE}\n# a comment", "--check")

    assert "The server has the same declaration." in out


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([('"epub"]', '"epub", "docx"]')], r"  \+ build.format=docx"),
        ([('mode = "notice"', 'mode = "off"')], "Also different: program.mode"),
        ([('id = "paperclip"', 'id = "stapler"')], "Project “tools” has no program “stapler”. Run `manage.py declare"),
        ([("failure = true", "failure = 1")], "Line 35: Write “failure” as true or false"),
    ],
)
def test_check_tells_what_differs_and_changes_nothing(run, changes, says):
    run(EXAMPLE)

    with pytest.raises(CommandError, match=says) as raised:
        run(example(*changes), "--check")

    assert raised.value.returncode == 1
    assert Declaration.objects.get().text == EXAMPLE


@pytest.mark.every_database
def test_check_of_a_new_project_creates_nothing(run):
    with pytest.raises(CommandError, match="Project “tools” has no program “paperclip”"):
        run(EXAMPLE, "--check")

    assert not Project.objects.exists()


def test_a_retired_program_is_named(run):
    run(EXAMPLE)
    Pixel.objects.update(retired_at=timezone.now())

    assert "Note: this program is retired" in run(EXAMPLE)[0]
    with pytest.raises(CommandError, match="“paperclip” is retired"):
        run(EXAMPLE, "--check")


@pytest.mark.every_database
def test_every_problem_is_told_with_its_line_and_nothing_is_created(run):
    text = example(("failure = true", "failure = 1"), ('mode = "notice"', "mode = 1"))

    with pytest.raises(CommandError) as raised:
        run(text)

    told = str(raised.value).splitlines()
    assert told[0].endswith("telemetry.toml can't be used. Nothing was changed.")
    assert [one.split(":")[0] for one in told[1:]] == [f"Line {line('mode =')}", f"Line {line('failure =')}"]
    assert not Project.objects.exists()


def test_an_event_that_ended_is_accepted_with_a_note(run):
    out, _ = run(example(("until = 2028-12-31            #", "until = 2026-01-31 #")))

    assert "Note: “build” ended on 2026-01-31 and is no longer recorded." in out


def test_without_a_public_address_a_note_says_where_clients_would_report(run, settings):
    settings.PUBLIC_URL = ""

    assert "Note: PUBLIC_URL is not set, so clients would report to http://localhost:8000." in run(EXAMPLE)[0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"# ok\n# \xff", "Line 2 of .* is not text in UTF-8"),
        (b"\xff" * 70_000, "longer than 64 KB"),
        (b"#" * 10_000_000, "longer than 64 KB"),
    ],
)
def test_a_file_that_is_no_text_or_too_long_is_refused(run, text, says):
    with pytest.raises(CommandError, match=says):
        run(text)


def test_a_file_that_begins_with_a_byte_order_mark_is_read(run):
    run(b"\xef\xbb\xbf" + EXAMPLE.encode())

    assert Declaration.objects.get().text == EXAMPLE


def test_a_hyphen_reads_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(EXAMPLE.encode())))

    call_command("declare", "tools", "-", stdout=io.StringIO(), stderr=io.StringIO())

    assert Declaration.objects.get().text == EXAMPLE


@pytest.mark.parametrize(("path", "says"), [("missing.toml", "No such file"), (".", "Is a directory"), ("\0", "null")])
def test_a_file_that_can_not_be_read_is_named(path, says):
    with pytest.raises(CommandError, match=f"Can't read .*{says}"):
        call_command("declare", "tools", path)


def test_a_wrong_slug_or_owner_creates_nothing(run):
    for project, options, says in [
        ("my tools", (), "Use letters"),
        ("tools", ("--owner", "nobody"), "There is no user"),
    ]:
        with pytest.raises(CommandError, match=says):
            run(EXAMPLE, *options, project=project)

    assert not Project.objects.exists()
