"""What a declaration says to clients: fields and schema, the same in all of them and for good."""

from datetime import date

import pytest

from collector.programs.changes import changes, ended_events
from collector.programs.declaration import read_declaration
from tests.collector.programs.declarations import EXAMPLE, example

PROGRAM = read_declaration(EXAMPLE)


def test_fields_and_schema_stay_as_they_are():
    """Clients that are installed have stored them: another text or hash would ask all their users again."""
    assert PROGRAM.fields() == [
        "build",
        "build.draft flag",
        "build.format=epub",
        "build.format=html",
        "build.format=pdf",
        "build.seconds bucket 1,5,30",
        "build.theme version",
        "failed",
        "failed.class=disk",
        "failed.class=input",
        "failed.class=theme",
    ]
    assert PROGRAM.schema == "c9ca49641e52f693"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("Shows which formats people need, and where it is too slow.", "Other words.", "events.build.reason"),
        ("Drafts may skip the index.", "Other words.", "events.build.properties.draft.reason"),
        ('unit = "s"', 'unit = "ms"', "events.build.properties.seconds.unit"),
        ("issues/12", "issues/13", "events.build.link"),
        ("until = 2028-12-31            #", "until = 2029-12-31 #", "events.build.until"),
        ('mode = "notice"', 'mode = "ask"', "program.mode"),
        ("We decide by these numbers", "We plan by these numbers", "program.why"),
        ('newest = "2.4.1"', 'newest = "2.4.2"', "versions"),
        ("why = ", "report_from_ci = true\nwhy = ", "program.report_from_ci"),
    ],
)
def test_words_and_dates_do_not_change_the_schema(old, new, key):
    changed = read_declaration(example((old, new)))

    assert changed.schema == PROGRAM.schema
    assert changes(PROGRAM, changed).others == (key,)
    assert not changes(PROGRAM, changed).wider + changes(PROGRAM, changed).narrower


def test_comments_and_the_order_of_values_change_nothing():
    changed = read_declaration(example(("# What Paperclip", "# What it"), ('"html", "pdf"', '"pdf", "html"')))

    assert changed.schema == PROGRAM.schema
    assert not changes(PROGRAM, changed)


@pytest.mark.parametrize(
    ("old", "new", "wider", "narrower"),
    [
        ('"epub"]', '"epub", "docx"]', ["build.format=docx"], []),
        ('"pdf", "epub"]', '"pdf"]', [], ["build.format=epub"]),
        ("[1, 5, 30]", "[1, 5, 60]", ["build.seconds bucket 1,5,60"], ["build.seconds bucket 1,5,30"]),
        ("[1, 5, 30]", "[0.5, 1000001]", ["build.seconds bucket 0.5,1000001"], ["build.seconds bucket 1,5,30"]),
        ('draft = {type = "flag"', 'draft = {type = "version"', ["build.draft version"], ["build.draft flag"]),
        ("why = ", "country = true\nwhy = ", ["country"], []),
        (
            "[events.failed", "[events.broken", ["broken", "broken.class=disk"], ["failed", "failed.class=disk"],
        ),
    ],
)  # fmt: skip
def test_more_fields_are_wider_and_fewer_narrower(old, new, wider, narrower):
    changed = read_declaration(EXAMPLE.replace(old, new))

    assert changed.schema != PROGRAM.schema
    differing = changes(PROGRAM, changed)
    assert [field for field in differing.wider if "input" not in field and "theme" not in field] == wider
    assert [field for field in differing.narrower if "input" not in field and "theme" not in field] == narrower


def test_everything_is_new_in_a_first_declaration():
    differing = changes(None, PROGRAM)

    assert list(differing.wider) == PROGRAM.fields()
    assert differing.narrower == differing.others == ()


def test_an_event_ends_after_its_last_day():
    assert ended_events(PROGRAM, date(2028, 12, 31)) == []
    assert [event.name for event in ended_events(PROGRAM, date(2029, 1, 1))] == ["build", "failed"]
