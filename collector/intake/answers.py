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
UNKNOWN_TOKEN = "unknown-token"
LOST = "lost"  # the spool could not be written


@dataclass(frozen=True, slots=True, eq=False)  # each answer exists once, and compares quickly by identity
class Answer:
    """One HTTP answer. Header names are lower case, as ASGI requires. A HEAD request gets all headers but no body."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def _gif_answer(status: int, *more: tuple[bytes, bytes]) -> Answer:
    return Answer(
        status,
        (
            (b"content-type", b"image/gif"),
            (b"content-length", str(len(GIF)).encode()),
            (b"cache-control", b"no-store, no-cache, must-revalidate, private, max-age=0"),
            (b"expires", b"0"),
            (b"cross-origin-resource-policy", b"cross-origin"),
            (b"access-control-allow-origin", b"*"),
            (b"x-content-type-options", b"nosniff"),
            *more,
        ),
        GIF,
    )


WRONG_METHOD = _gif_answer(405, (b"allow", b"GET, HEAD"))
BY_REASON = {
    reason: _gif_answer(status, (b"x-telemetry", reason.encode()))
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
