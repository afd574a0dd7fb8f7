import threading
import time

from django.db import OperationalError

from collector.operations.checks.finding import Check, Level, Situation, duration, ok, problem, size, warning
from collector.operations.checks.run import CHECKS, run, worst_first


def test_a_check_that_fails_or_hangs_does_not_stop_the_others():
    end = threading.Event()

    def fails(situation):
        raise KeyError("no such thing")

    def asks_the_database(situation):
        raise OperationalError("no such table: collector_upkeep")

    def hangs(situation):
        end.wait(30)
        return ok("never")

    checks = [
        Check("database", asks_the_database),
        Check("hangs", hangs),
        Check("fails", fails),
        Check("silent", lambda situation: None),
        Check("fine", lambda situation: ok("fine")),
    ]
    began_at = time.monotonic()

    results = list(run(Situation(timeout_seconds=0.1), checks))

    assert time.monotonic() - began_at < 20
    assert [(result.name, result.level) for result in results] == [
        ("database", Level.PROBLEM),
        ("hangs", Level.PROBLEM),
        ("fails", Level.PROBLEM),
        ("fine", Level.OK),
    ]
    assert "See Database" in results[0].remedy
    assert "no such thing" in results[2].text
    end.set()


def test_results_come_as_checks_finish():
    end = threading.Event()

    def waits(situation):
        end.wait(30)
        return ok("late")

    results = run(Situation(), [Check("first", lambda situation: ok("soon")), Check("second", waits)])

    assert next(results).name == "first"
    end.set()
    assert next(results).text == "late"


def test_on_the_page_only_checks_that_ask_outside_run_in_threads():
    here = threading.current_thread()
    threads = {}

    def note(name):
        def find(situation):
            threads[name] = threading.current_thread()
            return ok("")

        return find

    checks = [Check("inside", note("inside")), Check("outside", note("outside"), asks_outside=True)]
    list(run(Situation(), checks, in_threads=False))

    assert threads["inside"] is here
    assert threads["outside"] is not here


def test_problems_come_first():
    checks = [
        Check("a", lambda situation: ok("")),
        Check("b", lambda situation: warning("", "")),
        Check("c", lambda situation: problem("", "")),
        Check("d", lambda situation: warning("", "")),
    ]

    assert [result.name for result in worst_first(run(Situation(), checks))] == ["c", "b", "d", "a"]


def test_each_check_has_a_name_of_its_own():
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_spans_and_sizes_are_written_in_their_largest_unit():
    assert [duration(seconds) for seconds in (0.5, 1, 119, 7_200, 90_000)] == [
        "0 seconds", "1 second", "1 minute", "2 hours", "1 day",
    ]  # fmt: skip
    assert [size(number) for number in (1, 1500, 2.5e9)] == ["1 byte", "1.5 kB", "2.5 GB"]
