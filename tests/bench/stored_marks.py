"""What a database has of the numbers that `marked_load` sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.machine import Database
from tests.bench.marked_load import ACKNOWLEDGED, Answers

STORED = "SELECT placement, count(*) FROM collector_hit WHERE placement <> '' GROUP BY placement"


@dataclass(frozen=True, slots=True)
class Marks:
    """How many hits are stored, how many acknowledged ones are missing, and how many numbers are there twice."""

    stored: int
    missing: int
    twice: int


def stored_marks(database: Database, answers: Sequence[Answers]) -> Marks:
    """Compare what is stored with what was answered. A request without an answer may be stored, but only once."""
    times = {int(number): count for number, count in database.rows(STORED)}
    missing = 0
    for part in answers:
        for number, state in enumerate(part.states, part.first):
            missing += state == ACKNOWLEDGED and number not in times
    return Marks(
        stored=sum(times.values()),
        missing=missing,
        twice=sum(count > 1 for count in times.values()),
    )
