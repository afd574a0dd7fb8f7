"""What the admin shows of a share link: its state, and what to copy of it."""

from html import escape

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from collector.admin.wording import moment
from collector.models import ShareLink

# Pasted into other people's pages, whose own policy decides about its style.
FRAME = '<iframe src="{}" title="{}" width="100%" height="440" loading="lazy" style="border: 0"></iframe>'


def is_open(link: ShareLink) -> bool:
    """Say whether the link works now, as `ShareLinkQuerySet.open_at` does."""
    return link.revoked_at is None and (link.expires_at is None or link.expires_at > timezone.now())


def state_of(link: ShareLink) -> str:
    """Say in words whether a link works, and since or until when, in its project's time zone."""
    if link.revoked_at:
        return _("Revoked %(at)s") % {"at": moment(link.revoked_at, link.project)}
    if link.expires_at and not is_open(link):
        return _("Expired %(at)s") % {"at": moment(link.expires_at, link.project)}
    if link.expires_at:
        return _("Open until %(at)s") % {"at": moment(link.expires_at, link.project)}
    return pgettext("a share link", "Open")


def address_of(link: ShareLink, base: str) -> str:
    """Return the whole address of the shared page."""
    return f"{base}{reverse('share', args=[link.key])}"


def frame_of(link: ShareLink, base: str) -> str:
    """Return what to paste into a page that may show the chart."""
    title = _("Visits of %(what)s") % {"what": link.pixel.title if link.pixel else link.project.name}
    return FRAME.format(f"{base}{reverse('share_embed', args=[link.key])}", escape(title))


def copyable(element_id: str, text: str, to_do: str, done: str) -> SafeString:
    """Write a text with the button that copies it, which says aloud what is to do and what was done."""
    return format_html(
        '<span class="to-copy"><code id="{}">{}</code>'
        '<button type="button" data-copy="{}" aria-label="{}" data-copied="{}" hidden>{}</button></span>',
        element_id,
        text,
        element_id,
        to_do,
        done,
        _("Copy"),
    )
