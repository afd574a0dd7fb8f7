"""What the admin shows of a share link: its state, its address, and its frame to copy."""

from html import escape

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from collector.admin.wording import moment
from collector.models import ShareLink

# People paste this into their pages. Their own security policy decides whether the style applies.
FRAME = '<iframe src="{}" title="{}" width="100%" height="440" loading="lazy" style="border: 0"></iframe>'


def state_of(link: ShareLink) -> str:
    """Return whether the link works, and since or until when, in its project's time zone."""
    if link.revoked_at:
        return _("Revoked %(at)s") % {"at": moment(link.revoked_at, link.project)}
    if link.expires_at and not link.is_open_at(timezone.now()):
        return _("Expired %(at)s") % {"at": moment(link.expires_at, link.project)}
    if link.expires_at:
        return _("Open until %(at)s") % {"at": moment(link.expires_at, link.project)}
    return pgettext("a share link", "Open")


def address_of(link: ShareLink, origin: str) -> str:
    """Return the full address of the shared page."""
    return f"{origin}{reverse('share', args=[link.key])}"


def frame_of(link: ShareLink, origin: str) -> str:
    """Return the HTML that embeds the chart in another page."""
    frame_title = _("Visits to %(title)s") % {"title": link.pixel.title if link.pixel else link.project.name}
    return FRAME.format(f"{origin}{reverse('share_embed', args=[link.key])}", escape(frame_title))


def copyable(element_id: str, text: str, label: str, copied_label: str) -> SafeString:
    """Return a text with a button that copies it. Screen readers read the labels before and after the click."""
    return format_html(
        '<span class="to-copy"><code id="{}">{}</code>'
        '<button type="button" data-copy="{}" aria-label="{}" data-copied="{}" hidden>{}</button></span>',
        element_id,
        text,
        element_id,
        label,
        copied_label,
        _("Copy"),
    )
