"""What an author pastes: one snippet for each placement of a pixel, in every form that platforms take."""

from dataclasses import dataclass
from html import escape

from django.conf import settings
from django.http import HttpRequest

from collector.models import Pixel
from collector.platforms import catalogue, platform_name

NO_PLACEMENT_SEES = (
    "Paste it anywhere: the platform is told by the page that shows the image, where that page is named."
)
OWN_PLACEMENT_SEES = "A place of your own: whether you see readers or only visits depends on who serves its images."


@dataclass(frozen=True, slots=True)
class Snippet:
    """One pixel as it is pasted in one place.

    `placement` and `end_url` are empty for a pixel without placements. `platform` is a name for people, `sees` a
    sentence on what the platform lets us see, `accepts` the form that it takes: html, markdown, rst, bbcode or url.
    """

    placement: str
    platform: str
    url: str
    end_url: str
    html: str
    markdown: str
    rst: str
    bbcode: str
    accepts: str
    sees: str

    @property
    def texts(self) -> list[tuple[str, str, str]]:
        """Return form, label and text of what to copy: HTML, Markdown and URL, and what else the platform takes."""
        texts = [("html", "HTML", self.html), ("markdown", "Markdown", self.markdown)]
        if self.accepts == "rst":
            texts.append(("rst", "reStructuredText", self.rst))
        if self.accepts == "bbcode":
            texts.append(("bbcode", "BBCode", self.bbcode))
        return [*texts, ("url", "URL", self.url)]


def base_url(request: HttpRequest | None = None) -> str:
    """Return the address that readers reach us at, without a trailing slash."""
    if settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL)
    if request is not None:
        return f"{request.scheme}://{request.get_host()}"
    return "http://localhost:8000"


def snippets(pixel: Pixel, base: str) -> list[Snippet]:
    """Return the snippets of `pixel`, in the order of its placements; one without a placement where it has none."""
    return [_snippet(pixel.token, placement, base) for placement in pixel.placements or [""]]


def _snippet(token: str, placement: str, base: str) -> Snippet:
    stem = f"{base}/p/{token}/{placement}" if placement else f"{base}/p/{token}"
    url = f"{stem}.gif"
    known = catalogue().get(placement)
    return Snippet(
        placement=placement,
        platform=platform_name(placement) if placement else "Anywhere",
        url=url,
        end_url=f"{stem}/end.gif" if placement else "",
        html=f'<img src="{escape(url)}" alt="" width="1" height="1" referrerpolicy="no-referrer-when-downgrade">',
        markdown=f"![]({url})",
        rst=f".. image:: {url}\n   :alt:",
        bbcode=f"[img]{url}[/img]",
        accepts=known.accepts if known else "html",
        sees=known.sees if known else OWN_PLACEMENT_SEES if placement else NO_PLACEMENT_SEES,
    )
