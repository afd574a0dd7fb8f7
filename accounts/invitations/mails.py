"""Sends invitations by mail."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from accounts.models import Invitation

logger = logging.getLogger(__name__)


def can_send_mail() -> bool:
    """Say whether the operator has set up mail."""
    return bool(settings.MAIL_FROM)


def send_invitation(invitation: Invitation, address: str) -> bool:
    """Send the link to the invited person, in the language of who invites. Say whether the mail server took it."""
    subject = " ".join((_("Invitation to %(project)s") % {"project": invitation.project}).split())
    context = {"invitation": invitation, "address": address}
    text = render_to_string("accounts/mail/invitation.txt", context)
    try:
        send_mail(subject, text, settings.MAIL_FROM, [invitation.email])
    except (SMTPException, OSError) as error:
        logger.warning("An invitation could not be sent by mail (%s).", error)
        return False
    return True
