"""Snippets for authors to paste: one for each placement of a pixel, in every form that platforms take.

Where read-through can be computed, there is a second snippet for the end of the article. Browsers load its image only
when a reader comes near it (HTML Living Standard, lazy loading attributes; in reStructuredText the option `loading` of
the image directive, in Docutils 0.21 and later).

For mail programs and feed readers, the image has no `width` and `height`: Nextcloud Mail hides images that are less
than 5 pixels wide and high by these attributes, and Miniflux drops those of 1 by 1. Without them, the GIF is as large
as it is: one transparent pixel. Elsewhere they stay, because a page's style may stretch images.
"""

from dataclasses import dataclass
from html import escape
from typing import NamedTuple

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
    "url": gettext_lazy("URL only"),
}
_ATTRIBUTES = 'alt="" width="1" height="1" referrerpolicy="no-referrer-when-downgrade"'
_ATTRIBUTES_WITHOUT_SIZE = 'alt="" referrerpolicy="no-referrer-when-downgrade"'
_DROP_SMALL_IMAGES = frozenset({"mail", "feed"})  # kinds of platforms


class SnippetText(NamedTuple):
    """A snippet in one form. `form` is a key of `FORMS`, or `end-html` or `end-rst`; `label` is its name for people."""

    form: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """What an author pastes for one placement of a pixel.

    `placement` is empty for a pixel without placements. `platform` is a name for people. `sees` says what the platform
    lets us see, and `instead` what to do where readers can't be counted; it is empty elsewhere. `accepts` is the form
    that the platform takes: html, markdown, rst, bbcode or url. `why_no_end` says why there is no second image for the
    end of the article, and is empty if there is one. `end_html` and `end_rst` are empty if there is none, or if the
    platform takes another form.
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
    instead: str
    why_no_end: str

    @property
    def texts(self) -> list[SnippetText]:
        """The snippet in every form. The form that the platform takes comes first."""
        forms = sorted(FORMS, key=lambda form: form != self.accepts)
        return [SnippetText(form, str(FORMS[form]), getattr(self, form)) for form in forms]

    @property
    def is_known(self) -> bool:
        """Whether the platform is in the catalogue, which has the form that it accepts."""
        return self.placement in catalogue()

    @property
    def end(self) -> SnippetText | None:
        """The second image, for the end of the article. None if there is none."""
        if self.end_rst:
            return SnippetText("end-rst", str(FORMS["rst"]), self.end_rst)
        if self.end_html:
            return SnippetText("end-html", str(FORMS["html"]), self.end_html)
        return None


def base_url(request: HttpRequest | None = None) -> str:
    """Return the address that readers reach us at, without a trailing slash."""
    if settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL)
    if request is not None:
        return f"{request.scheme}://{request.get_host()}"
    return "http://localhost:8000"


def snippets(pixel: Pixel, base: str) -> list[Snippet]:
    """Return the snippets of `pixel`, in the order of its placements. One for any platform if it has none."""
    return [snippet(pixel.token, placement, base) for placement in pixel.placements or [""]]


def snippet(token: str, placement: str, base: str) -> Snippet:
    """Return what to paste on one platform for the pixel of `token`. An empty `placement` is for any platform."""
    stem = f"{base}/p/{token}/{placement}" if placement else f"{base}/p/{token}"
    url, end_url = f"{stem}.gif", f"{stem}/end.gif"
    listed = catalogue().get(placement)
    accepts = listed.accepts if listed else "html"
    why_no_end = _why_no_end(listed) if listed else ""
    end_form = "" if why_no_end else accepts
    sees, instead = what_a_platform_shows(placement)
    attributes = _ATTRIBUTES_WITHOUT_SIZE if listed and listed.kind in _DROP_SMALL_IMAGES else _ATTRIBUTES
    return Snippet(
        placement=placement,
        platform=platform_name(placement) if placement else _("Anywhere"),
        url=url,
        end_url=end_url,
        html=f'<img src="{escape(url)}" {attributes}>',
        markdown=f"![]({url})",
        rst=f".. image:: {url}\n   :alt:",
        bbcode=f"[img]{url}[/img]",
        end_html=f'<img src="{escape(end_url)}" loading="lazy" {_ATTRIBUTES}>' if end_form == "html" else "",
        end_rst=f".. image:: {end_url}\n   :alt:\n   :loading: lazy" if end_form == "rst" else "",
        accepts=accepts,
        sees=sees,
        instead=instead,
        why_no_end=why_no_end,
    )


def what_a_platform_shows(placement: str) -> tuple[str, str]:
    """Say what the platform of a placement lets us see, and what to do where readers can't be counted, or nothing."""
    listed = catalogue().get(placement)
    if listed:
        return listed.sees, listed.instead
    if placement:
        own = _("Your own platform: you see visitors, countries and devices only if readers' browsers load the image.")
        return own, ""
    anywhere = _(
        "Paste it anywhere: we recognise the platform by the page that shows the image, if the request names it."
    )
    return anywhere, ""


def _why_no_end(platform: Platform) -> str:
    """Say why an image at the end of an article tells nothing on a platform. An empty string if it does."""
    why = ""
    if platform.images == "none":
        why = _("Read-through is unknown: %(platform)s shows no images of other sites.")
    elif platform.images == "copy":
        why = _("Read-through is unknown: %(platform)s keeps its own copy of images, or may keep one.")
    elif platform.images == "proxy":
        why = _("Read-through is unknown: %(platform)s loads images for its readers, or may do so.")
    elif platform.kind == "mail":
        why = _("Read-through is unknown: mail programs load all images of a mail at once.")
    elif platform.kind == "feed":
        why = _("Read-through is unknown: each feed reader decides when it loads images.")
    elif platform.lazy:
        why = _("Read-through is unknown: %(platform)s loads every image late, including the one at the start.")
    elif platform.accepts not in {"html", "rst"}:
        why = _("Read-through is unknown: on %(platform)s, snippets can't make an image load late.")
    return why % {"platform": platform.name}
