"""The example of a request on public pages."""

from datetime import date

import pytest

from collector.programs.declaration import read_declaration
from collector.programs.wire import check
from dashboard.about.example import example_request
from tests.collector.programs.declarations import EXAMPLE, example

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE,
        EXAMPLE[: EXAMPLE.index("[versions]")],
        EXAMPLE[: EXAMPLE.index("[events.build.properties]")],
        example(('kind = "command"', 'kind = "server"'), ("why = ", "country = true\nwhy = ")),
        example(("until = 2028-12-31            #", "until = 2026-11-18 #")),
        example(("until = 2028-12-31            #", "until = 2026-11-19 #")),
    ],
)
def test_the_server_accepts_the_example_whole(text):
    program = read_declaration(text)

    checked = check(example_request(program, TODAY).encode(), program, TODAY)

    assert checked.rejections == []
    assert len(checked.reports) == 1
    assert {used.event for used in checked.reports[0].used} == {
        event.name for event in program.events.values() if event.until >= date(2026, 11, 19)
    }
