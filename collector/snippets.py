"""What an author pastes: one snippet for each placement of a pixel, in every form that platforms take.

Where read-through can be told there is a second one for the article's end, which browsers load only as a reader comes
near it. (HTML Living Standard, lazy loading attributes; in reStructuredText the image directive's option `loading`, of
Docutils 0.21 and later.)
"""

from dataclasses import dataclass
from html import escape

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.classify.platforms import Platform, catalogue, platform_name
from collector.models import Pixel

FORMS = {
    "html": "HTML",
    "markdown": "Markdown",
    "rst": "reStructuredText",
    "bbcode": "BBCode",
    "url": gettext_lazy("URL alone"),
}
_ATTRIBUTES = 'alt="" width="1" height="1" referrerpolicy="no-referrer-when-downgrade"'


@dataclass(frozen=True, slots=True)
class Snippet:
    """One pixel as it is pasted in one place.

    `placement` is empty for a pixel without placements. `platform` is a name for people, `sees` a sentence on what the
    platform lets us see, `accepts` the form that it takes: html, markdown, rst, bbcode or url. `why_no_end` says why
    there is no second image for the article's end, and is empty where there is one; `end_html` and `end_rst` are empty
    where there is none, or where the platform takes another form.
    """

    placement: str
    platform: str
    url: str
    end_url: str
    html: str
    markdown: str
    rst: str
    bbcode: str
    end_html: str
    end_rst: str
    accepts: str
    sees: str
    why_no_end: str

    @property
    def texts(self) -> list[tuple[str, str, str]]:
        """Return form, label and text of what to copy, in every form; first the one that the platform takes."""
        forms = sorted(FORMS, key=lambda form: form != self.accepts)
        return [(form, str(FORMS[form]), getattr(self, form)) for form in forms]

    @property
    def is_known(self) -> bool:
        """Whether the catalogue knows the place, and so which form it takes."""
        return self.placement in catalogue()

    @property
    def end(self) -> tuple[str, str, str] | None:
        """Return form, label and text of the second image, for the article's end; None where there is none."""
        if self.end_rst:
            return "end-rst", str(FORMS["rst"]), self.end_rst
        return ("end-html", str(FORMS["html"]), self.end_html) if self.end_html else None


def base_url(request: HttpRequest | None = None) -> str:
    """Return the address that readers reach us at, without a trailing slash."""
    if settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL)
    if request is not None:
        return f"{request.scheme}://{request.get_host()}"
    return "http://localhost:8000"


def snippets(pixel: Pixel, base: str) -> list[Snippet]:
    """Return the snippets of `pixel`, in the order of its placements; one without a placement where it has none."""
    return [snippet(pixel.token, placement, base) for placement in pixel.placements or [""]]


def snippet(token: str, placement: str, base: str) -> Snippet:
    """Return what to paste for the pixel of `token` in one place; `placement` is empty for any place."""
    stem = f"{base}/p/{token}/{placement}" if placement else f"{base}/p/{token}"
    url, end_url = f"{stem}.gif", f"{stem}/end.gif"
    known = catalogue().get(placement)
    accepts = known.accepts if known else "html"
    why_no_end = _why_no_end(known) if known else ""
    takes_end = "" if why_no_end else accepts
    return Snippet(
        placement=placement,
        platform=platform_name(placement) if placement else _("Anywhere"),
        url=url,
        end_url=end_url,
        html=f'<img src="{escape(url)}" {_ATTRIBUTES}>',
        markdown=f"![]({url})",
        rst=f".. image:: {url}\n   :alt:",
        bbcode=f"[img]{url}[/img]",
        end_html=f'<img src="{escape(end_url)}" loading="lazy" {_ATTRIBUTES}>' if takes_end == "html" else "",
        end_rst=f".. image:: {end_url}\n   :alt:\n   :loading: lazy" if takes_end == "rst" else "",
        accepts=accepts,
        sees=_sees(known, placement),
        why_no_end=why_no_end,
    )


def _sees(known: Platform | None, placement: str) -> str:
    if known:
        return known.sees
    if placement:
        return _("A place of your own: whether you see readers or only visits depends on who serves its images.")
    return _("Paste it anywhere: the platform is told by the page that shows the image, where that page is named.")


def _why_no_end(platform: Platform) -> str:
    """Say why an image at the article's end would tell nothing on a platform; an empty string where it would."""
    why = ""
    if platform.images == "none":
        why = _("How far people read stays unknown: %(platform)s shows no images of other sites.")
    elif platform.images == "copy":
        why = _(
            "How far people read stays unknown: %(platform)s keeps its own copy of images, or may do so, "
            "and then nobody asks us for one at the end."
        )
    elif platform.images == "proxy":
        why = _(
            "How far people read stays unknown: %(platform)s fetches images for its readers, or may do so, "
            "which says nothing about who came to the end."
        )
    elif platform.kind == "mail":
        why = _("How far people read stays unknown: mail programs load all images of a mail at once.")
    elif platform.kind == "feed":
        why = _("How far people read stays unknown: a feed reader decides by itself when it loads images.")
    elif platform.lazy:
        why = _(
            "How far people read stays unknown: %(platform)s loads every image late, the one at the start too, "
            "so neither says more than the other."
        )
    elif platform.accepts not in {"html", "rst"}:
        why = _("How far people read stays unknown: what %(platform)s takes has no way to have an image loaded late.")
    return why % {"platform": platform.name}
