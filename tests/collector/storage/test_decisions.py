"""What an owner leaves out of the figures, and lets count again."""

import itertools
import random
from datetime import date

import msgspec
import pytest

from collector.models import LeftOut, Report, ReportCount, ReportDimension
from collector.models.left_out import EXCESS, NEW_ONES
from collector.programs.report import Used
from collector.storage import decisions
from collector.storage.decisions import leave_out, let_count, look_through, pending
from tests.hits import drain
from tests.programs import declared
from tests.reports import report, spool_reports, spooled_report

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 11, 22)


def figures() -> dict[tuple[object, ...], tuple[int, int]]:
    """Return everything that pages, files and publications are made of."""
    rows = ReportCount.objects.values_list("dimension", "date", "driver", "value", "gap", "reports", "number")
    return {tuple(row[:5]): row[5:] for row in rows}


def installations(counts: dict[tuple[object, ...], tuple[int, int]], dimension: ReportDimension) -> int:
    return sum(reports for (of, *_), (reports, _number) in counts.items() if of == dimension)


def crowd(numbers, dice=None):
    """Return reports of a day, of all kinds."""
    dice = dice or random.Random(4)
    for number in numbers:
        gap = dice.choice((None, 1, 3, 32))
        used = [Used(day="2026-11-20", event="build", n=dice.randrange(1, 9), p={"engine": f"{dice.randrange(300)}.1"})]
        yield report(
            number, gap=gap, since="2026-W47" if gap is None else "2026-W40", version=f"{dice.randrange(150)}.0",
            os=dice.choice(("linux", "windows")), country=dice.choice(("DE", "CN", "")), used=used,
            driver=dice.choice(("person", "server", "ci")), from_version=dice.choice(("", "1.0", "2.0")),
        )  # fmt: skip


def store(tmp_path, program, reports, **fields):
    spool_reports(tmp_path, [spooled_report(program.token, one) for one in reports])
    drain(tmp_path)


def decide(call, program, what, reason="It looks made up."):
    call(program, DAY, what, reason, None)
    assert sum(look_through(pending())) >= 0
    assert not pending()


@pytest.mark.parametrize("what", [NEW_ONES, "version=7.0", "os=windows", "country=CN"])
def test_what_is_left_out_and_taken_back_leaves_the_figures_as_they_were(tmp_path, program, monkeypatch, what):
    monkeypatch.setattr(decisions, "STEP_REPORTS", 30)
    store(tmp_path, program, crowd(range(400)))
    before = figures()

    decide(leave_out, program, what)
    without = figures()
    assert without != before
    assert all(reports >= 0 and number >= 0 and (reports or number) for reports, number in without.values())
    assert all(without[cell][0] <= before[cell][0] for cell in without)
    assert installations(without, ReportDimension.VERSION) == installations(without, ReportDimension.ACTIVE)
    decide(let_count, program, what)
    assert figures() == before
    decide(leave_out, program, what)
    assert figures() == without
    left_out = LeftOut.objects.get()
    assert (left_out.is_out, left_out.reason) == (True, "It looks made up.")


def test_figures_are_those_of_the_other_reports_alone(tmp_path, program, project):
    alone = declared(project, title="Alone")
    few = [without_many_values(one, number) for number, one in enumerate(crowd(range(300)))]
    store(tmp_path, program, few)
    decide(leave_out, program, NEW_ONES)
    store(tmp_path, alone, [one for one in few if one.gap is not None or one.driver == "ci"])

    def of(pixel):
        rows = ReportCount.objects.filter(pixel=pixel)
        return set(rows.values_list("dimension", "date", "driver", "value", "gap", "reports", "number"))

    assert of(program) == of(alone)


def without_many_values(one, number):
    """Return a report whose values are never capped."""
    used = [Used(day="2026-11-20", event="build", n=2)]
    return msgspec.structs.replace(one, version=f"{number % 9}.0", from_version="", used=used)


def test_reports_that_come_after_a_decision_are_left_out_too(tmp_path, program):
    store(tmp_path, program, crowd(range(50)))
    decide(leave_out, program, "os=windows")
    before = figures()

    late = [one for one in crowd(range(100, 200)) if one.os == "windows" and one.driver != "ci"]
    store(tmp_path, program, late)

    assert late
    assert figures() == before
    decide(let_count, program, "os=windows")
    assert installations(figures(), ReportDimension.ACTIVE) == 50 + len(late)


@pytest.mark.parametrize("order", list(itertools.permutations([NEW_ONES, "os=windows", "country=CN"])))
def test_decisions_that_overlap_can_be_undone_in_any_order(tmp_path, program, order):
    store(tmp_path, program, crowd(range(200)))
    before = figures()
    for what in (NEW_ONES, "os=windows", "country=CN"):
        decide(leave_out, program, what)
    states = [figures()]
    for what in order[:2]:
        decide(let_count, program, what)
        states.append(figures())
    left = order[2]
    only = Report.objects.filter(left_out=left).count()
    decide(let_count, program, left)

    assert figures() == before
    decide(leave_out, program, left)
    assert figures() == states[2]
    assert Report.objects.filter(left_out=left).count() == only


def test_an_owner_lets_the_excess_of_a_network_count_and_leaves_it_out_again(tmp_path, program):
    spool_reports(tmp_path, [spooled_report(program.token, one) for one in crowd(range(20))])
    drain(tmp_path)
    before = figures()
    excess = [
        msgspec.structs.replace(spooled_report(program.token, one), is_excess=True) for one in crowd(range(100, 140))
    ]
    spool_reports(tmp_path, excess[:30])
    drain(tmp_path)
    assert figures() == before

    decide(let_count, program, EXCESS)
    spool_reports(tmp_path, excess[30:])
    drain(tmp_path)
    assert installations(figures(), ReportDimension.ACTIVE) == 60
    decide(leave_out, program, EXCESS)
    assert figures() == before
