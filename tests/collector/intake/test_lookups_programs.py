"""What a web process remembers of programs."""

from concurrent.futures import Future

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector.intake.lookups import REFRESH_SECONDS, Lookups, Question
from collector.models import Declaration
from tests.clock import Clock
from tests.hits import micros
from tests.programs import DECLARATION, declared

pytestmark = pytest.mark.django_db(transaction=True)
NOON = micros("2026-11-22T12:00")


def look_up(memory: Lookups, token: str) -> int:
    """Look a token up in this thread; return how many queries read a declaration's text."""
    question = Question(token, NOON, "", Future())
    memory._questions[token] = question
    with CaptureQueriesContext(connection) as queries:
        memory.work_once([question])
    return sum('"collector_declaration"."text"' in query["sql"] for query in queries)


def test_only_a_declared_program_costs_one_more_query(tmp_path, pixel, project):
    memory = Lookups(tmp_path, Clock())
    program = declared(project)

    assert look_up(memory, pixel.token) == 0
    assert look_up(memory, program.token) == 1
    assert memory.pixels[pixel.token].program is None
    live = memory.pixels[program.token]
    assert (live.is_program, live.is_declared, live.program.name) == (True, True, "Paperclip")


def test_a_wider_declaration_is_known_within_a_minute(tmp_path, project):
    clock = Clock()
    memory = Lookups(tmp_path, clock)
    program = declared(project)
    look_up(memory, program.token)

    Declaration.objects.update(text=DECLARATION.replace("[events.former]", "[events.latest]"))
    clock.now += REFRESH_SECONDS
    memory.work_once()
    assert memory.pixels[program.token].program.events.keys() == {"build", "latest"}


def test_a_declaration_that_cannot_be_read_is_parsed_and_logged_once(tmp_path, project, caplog):
    memory = Lookups(tmp_path, Clock())
    program = declared(project)
    Declaration.objects.update(text=f"[{program.token}")

    for _ in range(3):
        look_up(memory, program.token)

    live = memory.pixels[program.token]
    assert (live.is_declared, live.program) == (True, None)
    assert len(caplog.records) == 1
