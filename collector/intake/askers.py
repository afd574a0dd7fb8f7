"""Who asks about unknown tokens: no network may make us query about many of them."""

import time
from collections.abc import Callable

MAX_UNKNOWN = 100  # tokens that one network may ask about in vain in `WINDOW_SECONDS`
WINDOW_SECONDS = 60.0
MAX_NOTED = 50_000  # questions in memory; with more, it starts counting again from 0


class Askers:
    """Which tokens each network has asked about, and was not told that they are live. `clock`: monotonic seconds.

    Live tokens are never held against a network, nor is the same token twice: many readers behind one address may open
    an article whose pixel is retired.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tokens: dict[str, set[str]] = {}  # by network
        self._noted = 0
        self._window_ends_at = 0.0

    def may_ask(self, network: str, token: str) -> bool:
        """Whether a network may ask about a token. An unknown network always may."""
        now = self._clock()
        if now >= self._window_ends_at or self._noted >= MAX_NOTED:
            self._tokens.clear()
            self._noted = 0
            self._window_ends_at = now + WINDOW_SECONDS
        tokens = self._tokens.get(network)
        return tokens is None or len(tokens) < MAX_UNKNOWN or token in tokens

    def note(self, network: str, token: str) -> None:
        """Note a question."""
        if network:
            self._noted += 1
            self._tokens.setdefault(network, set()).add(token)

    def forgive(self, network: str, token: str) -> None:
        """Forget a question: the token is live, or the database did not say."""
        self._tokens.get(network, set()).discard(token)
