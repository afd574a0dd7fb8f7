"""Receive one request of a badge: take its hit, and draw it with the numbers in memory.

Like `receive`, for badges, which share its memory and its way to the spool: all entry points call this code, it never
raises, and it runs no queries.
"""

from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache

from collector.badges.endpoint import endpoint_document
from collector.badges.message import NOT_FOUND, Known, Message, badge_of, label_of, message_of, needs_figures
from collector.badges.options import OF_PROGRAMS, Options, options_of
from collector.badges.svg import Badge, draw
from collector.intake.answers import UNCOUNTED, UNKNOWN_TOKEN, Answer, image_answer
from collector.intake.badge_figures import BadgeFigures, Key
from collector.intake.badge_targets import BadgeTarget
from collector.intake.lookups import Live, Lookups
from collector.intake.request import PixelRequest
from collector.intake.targets import Target
from collector.metrics.names import Count
from collector.metrics.tally import TALLY

# GitHub's own policy for images allows no more either. Nothing in a badge needs it.
_POLICY = (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'")
Take = Callable[[PixelRequest, Target, int, Live | None, bytes | None], Answer]


class BadgeReceiver:
    """Answers requests of badges. `take` spools a hit and returns the pixel's answer to it."""

    def __init__(self, lookups: Lookups, figures: BadgeFigures, take: Take) -> None:
        self._lookups = lookups
        self.figures = figures
        self._take = take

    def receive(
        self, request: PixelRequest, badge: BadgeTarget, at_us: int, network: Callable[[], str]
    ) -> Answer | None:
        """Answer one request, or return None if that needs the database. Then call `ask` and `receive_asked`."""
        lookups = self._lookups
        token = badge.target.token
        pixel = lookups.pixels.get(token)
        options = _options(request, badge)
        if not lookups.is_away:
            if pixel is None:
                return self.unknown(request, badge) if lookups.is_refused(token, network()) else None
            if lookups.salt(pixel, at_us) is None:
                return None
            if self._needs_figures(pixel, options) and not self.figures.is_usable(Key(token, options.range)):
                return None
        return self._answer(request, badge, options, at_us)

    def ask(self, request: PixelRequest, badge: BadgeTarget, at_us: int, network: str) -> "Future[bool | None]":
        """Have what a badge needs looked up: its pixel if that is not in memory, then its figures."""
        token, options = badge.target.token, _options(request, badge)
        answer: Future[bool | None] = Future()
        answer.set_running_or_notify_cancel()  # a client that goes away must not cancel it for the others

        def ask_figures(is_live: bool | None) -> None:
            pixel = self._lookups.pixels.get(token)
            if pixel is None or not self._needs_figures(pixel, options):
                answer.set_result(is_live)
                return
            figures = self.figures.ask(Key(token, options.range))
            figures.add_done_callback(lambda _: answer.set_result(is_live))

        pixel = self._lookups.pixels.get(token)
        if pixel is not None and self._lookups.salt(pixel, at_us) is not None:
            ask_figures(True)
        else:
            question = self._lookups.ask(token, at_us, network)
            question.add_done_callback(lambda told: ask_figures(told.result()))
        return answer

    def receive_asked(
        self, request: PixelRequest, badge: BadgeTarget, at_us: int, question: "Future[bool | None]"
    ) -> Answer:
        """Answer a request whose pixel was looked up. Without an answer yet, its hit is spooled: it may count."""
        if question.done() and question.result() is False:
            return self.unknown(request, badge)
        return self._answer(request, badge, _options(request, badge), at_us)

    def unknown(self, request: PixelRequest, badge: BadgeTarget) -> Answer:
        """Return the answer for a token that is not live: an image that says so."""
        if request.method == "GET":
            TALLY.add(Count.HITS, UNKNOWN_TOKEN)
        options = _options(request, badge)
        shown = badge_of(options, "badge", Message(NOT_FOUND, NOT_FOUND, is_problem=True))
        return _answer_of(404, UNKNOWN_TOKEN, shown, badge.is_json, True)

    def close(self) -> None:
        """End the thread of the figures. Optional."""
        self.figures.close()

    def _needs_figures(self, pixel: Live, options: Options) -> bool:
        return needs_figures(options, is_program=pixel.is_declared)

    def _answer(self, request: PixelRequest, badge: BadgeTarget, options: Options, at_us: int) -> Answer:
        token = badge.target.token
        pixel = self._lookups.pixels.get(token)
        is_program = pixel.is_declared if pixel else options.show in OF_PROGRAMS
        reason = UNCOUNTED
        if options.counts and not badge.is_json and not is_program:
            salt = self._lookups.salt(pixel, at_us) if pixel else None
            reason = self._take(request, badge.target, at_us, pixel, salt).reason
        newest = pixel.program.versions.newest if pixel and pixel.program else ""
        message = message_of(options, Known(is_program, newest, self.figures.last(Key(token, options.range))))
        shown = badge_of(options, label_of(options, is_program=is_program), message)
        if request.method == "GET":
            TALLY.add(Count.BADGES, "json" if badge.is_json else "svg")
        return _answer_of(200, reason, shown, badge.is_json, message.is_problem)


def _options(request: PixelRequest, badge: BadgeTarget) -> Options:
    return options_of(request.query or badge.query)


@lru_cache(512)
def _answer_of(status: int, reason: str, shown: Badge, is_json: bool, is_error: bool) -> Answer:
    """Return the answer with a badge. Drawn once for all who load the same one."""
    if is_json:
        return image_answer(status, reason, endpoint_document(shown, is_error=is_error), b"application/json", _POLICY)
    return image_answer(status, reason, draw(shown).encode(), b"image/svg+xml; charset=utf-8", _POLICY)
