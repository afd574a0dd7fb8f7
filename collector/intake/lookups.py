"""A process's memory of the database, so that most requests need no query: live pixels, what programs declare, salts.

One thread queries. It asks again about everything in the memory every `REFRESH_SECONDS`, so that a request never waits
for what is known. Only the first request of an unknown token waits, for at most `WAIT_SECONDS`.

It begins with what the standby file has. While the database is away (it is down, frozen or locked), the memory keeps
what it has, the file adds what it lacks, and hits of unknown tokens are spooled at once. The drain later checks whether
their tokens exist. Reports wait on their devices until the memory has the program's declaration.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence, Set
from concurrent.futures import Future
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from collector.intake.askers import Askers
from collector.intake.brief import brief_statements
from collector.intake.clients import Network, networks_of
from collector.metrics.names import Count
from collector.metrics.tally import TALLY
from collector.programs.declaration import DeclarationError, read_declaration
from collector.programs.program import Program
from collector.storage.countable import local_day_and_hour
from collector.storage.salts import dates_to_load, is_kept, load_salts
from collector.storage.standby import MAX_PIXELS, LivePixel, declaration_texts, live_pixels, read_standby
from collector.storage.window_salts import is_window_kept, load_window_salts, windows_of, windows_to_load

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 20.0  # a retired pixel stops within a minute
RETRY_SECONDS = 2.0  # between two tries while the database is away
WAIT_SECONDS = 1.0  # of a request for an answer; then the database counts as away
NO_SECONDS = 1.0  # after two noes in this time, a token is not asked about for as long
QUICK_SECONDS = 0.5
MAX_TOKENS = MAX_PIXELS
MAX_NOES = 10_000
MAX_SALTS = 64
MAX_QUESTIONS = 2_000  # that wait at the same time
TOLD_TOGETHER, TELLING_PAUSE_SECONDS = 20, 0.002
BATCH_TOKENS = 200  # of one query: it takes the interpreter for less than a millisecond


class Facts(NamedTuple):
    """What the database says: live pixels and declarations by token, salts by date, and others by their window."""

    pixels: Mapping[str, LivePixel]
    declarations: Mapping[str, str]
    salts: Mapping[str, bytes]
    window_salts: Mapping[str, bytes]


class Live(NamedTuple):
    """A live pixel: its project, that project's time zone, and the networks whose hits don't count.

    `is_program` and `is_declared` are as in `LivePixel`. `program` is None without a declaration, if it can't be read,
    and as long as only the standby file names the pixel. `private_hosts` are own sites on which pages count.
    """

    project_id: int
    timezone: str
    networks: tuple[Network, ...]
    is_program: bool = False
    is_declared: bool = False
    program: Program | None = None
    private_hosts: tuple[str, ...] = ()


class _Noes(NamedTuple):
    """How often the database has said in a row that a token is not live, and until when that is remembered."""

    times: int
    until: float


_NO_NOES = _Noes(0, 0.0)


class Question(NamedTuple):
    """Is this token live? `answer` becomes True, False, or None if the database did not say."""

    token: str
    at_us: int
    network: str
    answer: "Future[bool | None]"


class Lookups:
    """A bounded memory of live pixels and salts. `clock` returns monotonic seconds; `at_us` is wall clock time.

    `directory` is the spool's, where the standby file is. `pixels` are the live ones that it knows, by token; `is_away`
    says that the database does not answer.
    """

    def __init__(self, directory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.pixels: dict[str, Live] = {}
        self.is_away = False
        self._directory = directory
        self._clock = clock
        self._salts: dict[str, bytes] = {}  # by date in ISO 8601
        self._window_salts: dict[str, bytes] = {}  # by name
        self._noes: dict[str, _Noes] = {}  # by token
        self._askers = Askers(clock)
        self._has_recalled = False
        self._questions: dict[str, Question] = {}
        self._to_refresh: list[str] = []
        self._refresh_due_at = 0.0
        self._query_began_at = math.inf
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._is_closed = False

    def salt(self, pixel: Live, at_us: int) -> bytes | None:
        """Return the salt of a moment's date in the pixel's time zone, or None if the memory does not have it."""
        return self._salts.get(local_day_and_hour(at_us, pixel.timezone)[0])

    def window_salts(self, day: date) -> tuple[bytes, bytes, bytes] | None:
        """Return the salts of a UTC day, its week and its month, or None if the memory does not have them all."""
        in_day, in_week, in_month = (self._window_salts.get(window.name) for window in windows_of(day))
        return (in_day, in_week, in_month) if in_day and in_week and in_month else None

    def is_refused(self, token: str, network: str) -> bool:
        """Whether a token that is not in the memory is answered with no, without a query.

        That is so if the database has just said no twice, or if this network has asked about too many unknown tokens.
        Not after one no: a new pixel counts at once, even if somebody requested its token a moment too early.
        """
        return self.has_said_no(token) or not self._askers.may_ask(network, token)

    def has_said_no(self, token: str) -> bool:
        """Whether the database has just said twice that a token is not live."""
        noes = self._noes.get(token, _NO_NOES)
        return noes.times > 1 and noes.until > self._clock()

    def ask(self, token: str, at_us: int, network: str) -> "Future[bool | None]":
        """Have the thread ask about a token, and the salts of a moment. Requests of the same token share a question."""
        with self._wake:
            waiting = self._questions.get(token)
            if waiting:
                return waiting.answer
            answer: Future[bool | None] = Future()
            answer.set_running_or_notify_cancel()  # a client that goes away must not cancel it for the others
            if self._is_closed or len(self._questions) >= MAX_QUESTIONS:
                answer.set_result(None)
                return answer
            self._askers.note(network, token)
            self._questions[token] = Question(token, at_us, network, answer)
            self._start_thread()
            self._wake.notify()
        return answer

    def give_up(self) -> None:
        """Note that a request waited for `WAIT_SECONDS` in vain: if a query still hangs, the database is away."""
        if self._clock() - self._query_began_at >= QUICK_SECONDS:
            self.is_away = True
            self._recall()

    def close(self) -> None:
        """End the thread and its connection to the database. Optional."""
        with self._wake:
            self._is_closed = True
            self._wake.notify()
        if self._thread and self._pid == os.getpid():
            self._thread.join(WAIT_SECONDS)

    def _start_thread(self) -> None:
        """Start the thread unless it runs. A forked child has none of its parent's threads."""
        if self._thread is None or self._pid != os.getpid() or not self._thread.is_alive():
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._work, name="lookups", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        # After a restart, a network that may ask no more must not lose the hits of pixels that were known before. What
        # the file has is asked about at once.
        self._recall()
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._questions or self._is_closed, self._seconds_to_refresh())
                if self._is_closed:
                    break
                questions = list(islice(self._questions.values(), BATCH_TOKENS))
            self.work_once(questions)
        connection.close()

    def _seconds_to_refresh(self) -> float:
        return 0.0 if self._to_refresh else max(0.0, self._refresh_due_at - self._clock())

    def work_once(self, questions: Sequence[Question] = ()) -> None:
        """Answer questions, and refresh a part of the memory if that is due.

        Two queries, pixels and salts; two more if any of the pixels is a declared program.
        """
        days = {day for question in questions for day in dates_to_load(_moment(question.at_us))} - self._salts.keys()
        if not self._to_refresh and self._clock() >= self._refresh_due_at:
            self._refresh_due_at = self._clock() + REFRESH_SECONDS
            self._to_refresh = list(self.pixels)
            self._forget_expired()
            days |= set(dates_to_load(timezone.now()))
        room = max(0, BATCH_TOKENS - len(questions))
        tokens = [question.token for question in questions] + self._to_refresh[:room]
        self._to_refresh = self._to_refresh[room:]
        try:
            facts = self._query_twice(tokens, days)
            self._remember(tokens, facts)
        except Exception as error:
            if not isinstance(error, DatabaseError | InterfaceError):
                logger.exception("A lookup failed.")
            connection.close()
            TALLY.add(Count.DATABASE_ERRORS, "web")
            self._to_refresh = []
            self._refresh_due_at = self._clock() + RETRY_SECONDS
            self.is_away = True
            self._recall()
            self._settle(questions, None)
        else:
            self.is_away = self._has_recalled = False
            self._settle(questions, facts.pixels.keys())

    def _query_twice(self, tokens: Sequence[str], days: Set[str]) -> Facts:
        """Query. After a quick failure, which may only mean a stale connection, try again."""
        self._query_began_at = self._clock()
        try:
            try:
                return self._query(tokens, days)
            except (DatabaseError, InterfaceError):
                connection.close()
                if self._clock() - self._query_began_at >= QUICK_SECONDS:
                    raise
            return self._query(tokens, days)
        finally:
            self._query_began_at = math.inf

    def _query(self, tokens: Sequence[str], days: Set[str]) -> Facts:
        with brief_statements():
            pixels = live_pixels(tokens) if tokens else {}
            programs = [token for token, pixel in pixels.items() if pixel.is_declared]
            declarations = declaration_texts(programs) if programs else {}
            salts = load_salts(days) if days else {}
            window_salts = load_window_salts(windows_to_load(timezone.now())) if programs else {}
        return Facts(pixels, declarations, salts, window_salts)  # only now are new salts committed

    def _remember(self, tokens: Sequence[str], facts: Facts) -> None:
        self._salts.update(facts.salts)
        self._window_salts.update(facts.window_salts)
        for remembered in (self._salts, self._window_salts):
            while len(remembered) > MAX_SALTS:
                del remembered[next(iter(remembered))]
        now = self._clock()
        for token in tokens:
            pixel = facts.pixels.get(token)
            if pixel is None:
                self.pixels.pop(token, None)
                noes = self._noes.get(token, _NO_NOES)
                self._noes[token] = _Noes(noes.times + 1 if noes.until > now else 1, now + NO_SECONDS)
            else:
                self.pixels[token] = _live(pixel, facts.declarations.get(token))
        while len(self.pixels) > MAX_TOKENS:
            del self.pixels[next(iter(self.pixels))]
        while len(self._noes) > MAX_NOES:
            del self._noes[next(iter(self._noes))]

    def _settle(self, questions: Sequence[Question], live: Container[str] | None) -> None:
        """Answer questions: with None if `live` is None. Only a no is held against the network that asked.

        Live tokens come first. Many noes are told a few at a time, because each wakes a request that takes its time in
        the event loop: readers of other pixels go between them.
        """
        answers = [(question, None if live is None else question.token in live) for question in questions]
        answers.sort(key=lambda pair: pair[1] is False)
        for told, (question, answer) in enumerate(answers, 1):
            if answer is not False:
                self._askers.forgive(question.network, question.token)
            with self._wake:
                del self._questions[question.token]
            question.answer.set_result(answer)
            if told % TOLD_TOGETHER == 0 and answer is False:
                time.sleep(TELLING_PAUSE_SECONDS)

    def _recall(self) -> None:
        """Add what the standby file knows. Once at the start, and once in each outage."""
        if self._has_recalled:
            return
        self._has_recalled = True
        standby = read_standby(self._directory, timezone.now())
        for token, pixel in standby.pixels.items():
            if token not in self.pixels and len(self.pixels) < MAX_TOKENS:
                self.pixels[token] = _live(pixel)
        self._salts = standby.salts | self._salts
        self._window_salts = standby.window_salts | self._window_salts

    def _forget_expired(self) -> None:
        now = timezone.now()
        self._salts = {day: salt for day, salt in self._salts.items() if is_kept(day, now)}
        self._window_salts = {name: salt for name, salt in self._window_salts.items() if is_window_kept(name, now)}


def _live(pixel: LivePixel, declaration: str | None = None) -> Live:
    return Live(
        pixel.project_id,
        pixel.timezone,
        networks_of(pixel.excluded_networks),
        pixel.is_program,
        pixel.is_declared,
        _program(declaration) if declaration is not None else None,
        pixel.private_hosts,
    )


@lru_cache(maxsize=256)
def _program(declaration: str) -> Program | None:
    """Return the program that a stored declaration describes, or None if it can't be read. Parsed and logged once.

    Each request of a program whose declaration can't be read asks again.
    """
    try:
        return read_declaration(declaration)
    except DeclarationError as error:  # written by another version, or by hand
        logger.error("Can't read a stored declaration (%s). Declare the program again.", error.problems[0])
        return None


def _moment(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC)
