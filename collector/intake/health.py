"""Health checks: is the process alive, and can it do its work?"""

import threading
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from collector.intake import self_check
from collector.intake.clock import now_us
from collector.intake.wiring import receiver
from collector.spool.room import problems, warnings
from collector.storage.lag import Lag, lag

WAIT_SECONDS = 2.0


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process is alive; to a question of our own, with what arrived of it."""
    return HttpResponse(self_check.answer(request) or "ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database is reachable, the drain keeps storing hits and no hit was lost lately; else 503.

    A line for each problem says what is wrong. Answers within `WAIT_SECONDS`. Two queries.
    """
    lines = problems(settings.SPOOL_DIR, settings.SPOOL_MAX_BYTES, [receiver().spool.last_loss])
    try:
        behind = DATABASE.lag(settings.SPOOL_DIR, WAIT_SECONDS)
    except Exception:  # whatever the database's driver raises, or no answer in time
        lines.append("the database can't be reached")
    else:
        if behind.stands_still:
            waiting = f"{behind.bytes} bytes wait in the spool, the oldest for {behind.seconds:.0f} s"
            lines.append(f"{waiting}: is the drain running?")
    if lines:
        return HttpResponse("".join(f"{line}\n" for line in lines), status=503, content_type="text/plain")
    notes = [f"warning: {line}" for line in warnings(settings.SPOOL_DIR, settings.SPOOL_MAX_BYTES)]
    return HttpResponse("".join(f"{line}\n" for line in ["ok", *notes]), content_type="text/plain")


class DatabaseCheck:
    """Asks the database in a thread: a frozen server can't be told to stop, but we can stop waiting for it.

    There is at most one such thread. While it hangs, later checks wait for the same answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer: Future[Lag] | None = None

    def lag(self, directory: Path, timeout_seconds: float) -> Lag:
        """Return how far the drain is behind. Raise TimeoutError, or what the database raises."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer = Future()
                arguments = (directory, self._answer)
                threading.Thread(target=self._ask, args=arguments, name="readyz", daemon=True).start()
            answer = self._answer
        return answer.result(timeout_seconds)

    @staticmethod
    def _ask(directory: Path, answer: "Future[Lag]") -> None:
        try:
            with closing(connection), connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                behind = lag(directory, now_us())
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(behind)


DATABASE = DatabaseCheck()
