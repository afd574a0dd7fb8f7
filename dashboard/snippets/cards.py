"""One card for each snippet of a pixel: what to paste on one platform, and whether the pixel has that platform yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.classify.platforms import catalogue, platform_colour
from collector.models import Pixel
from collector.snippets import Snippet, snippet


@dataclass(frozen=True, slots=True)
class SnippetCard:
    """One snippet on the page.

    `is_added` tells whether the pixel has its platform. `is_custom` tells that the name is not in the catalogue: visits
    count under it only once it is added.
    """

    snippet: Snippet
    colour: str
    is_added: bool
    is_custom: bool


def snippet_cards(pixel: Pixel, placements: Sequence[str], base: str) -> list[SnippetCard]:
    """Return a card for each placement; an empty one stands for a snippet without a placement."""
    return [
        SnippetCard(
            snippet=snippet(pixel.token, placement, base),
            colour=platform_colour(placement) if placement else "",
            is_added=not placement or placement in pixel.placements,
            is_custom=bool(placement) and placement not in catalogue(),
        )
        for placement in placements
    ]
