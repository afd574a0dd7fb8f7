"""The collector's answers: the GIF, its headers, and the reason in `X-Telemetry`.

Platforms need these headers. Without `max-age=0`, GitHub's proxy caches an image for a year. A page with
`COEP: require-corp` blocks an image without CORP, and `<img crossorigin>` blocks one without CORS. An ETag or a
Last-Modified would bring conditional requests. (Measured with Chromium; for camo, see its issue tracker.)
"""

from dataclasses import dataclass

# The smallest GIF89a with one transparent pixel.
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")

COUNTED = "counted"
BOT = "bot"
OPTED_OUT = "opted-out"
EXCESS = "excess"
PREFETCH = "prefetch"
EXCLUDED = "excluded"  # from the author's own addresses
PREVIEW = "preview"  # on a page that only its author can open
UNCOUNTED = "uncounted"  # a badge that is no hit
UNKNOWN_TOKEN = "unknown-token"
LOST = "lost"  # the spool could not be written


_SPOOLED = frozenset({COUNTED, BOT, OPTED_OUT, EXCESS, PREFETCH, EXCLUDED, PREVIEW})


@dataclass(frozen=True, slots=True, eq=False)  # compares quickly, by identity
class Answer:
    """One HTTP answer. Header names are lower case, as ASGI requires. A HEAD request gets all headers but no body.

    `is_spooled` tells that it acknowledges a hit in the spool. `reason` is the value of `X-Telemetry`.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    is_spooled: bool = False
    reason: str = ""


def image_answer(
    status: int, reason: str, body: bytes = GIF, content_type: bytes = b"image/gif", *more: tuple[bytes, bytes]
) -> Answer:
    """Return an answer with the headers of all images."""
    return Answer(
        status,
        (
            (b"content-type", content_type),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store, no-cache, must-revalidate, private, max-age=0"),
            (b"expires", b"0"),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"access-control-allow-origin", b"*"),
            (b"x-content-type-options", b"nosniff"),
            *([(b"x-telemetry", reason.encode())] if reason else []),
            *more,
        ),
        body,
        reason in _SPOOLED,
        reason,
    )


WRONG_METHOD = image_answer(405, "", GIF, b"image/gif", (b"allow", b"GET, HEAD"))
BY_REASON = {
    reason: image_answer(status, reason)
    for reason, status in {
        COUNTED: 200,
        BOT: 200,
        OPTED_OUT: 200,
        EXCESS: 200,
        PREFETCH: 200,
        EXCLUDED: 200,
        PREVIEW: 200,
        UNKNOWN_TOKEN: 404,
        LOST: 503,
    }.items()
}


def as_lost(answer: Answer) -> Answer:
    """Return what to send in place of an answer whose hit could not be kept. A badge still shows its number."""
    if answer.body is GIF:
        return BY_REASON[LOST]
    headers = tuple((name, LOST.encode() if name == b"x-telemetry" else value) for name, value in answer.headers)
    return Answer(answer.status, headers, answer.body, reason=LOST)
