"""Sends mail, where the operator has set it up."""

import logging
import threading
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)


def can_send_mail() -> bool:
    """Say whether the operator has set up mail."""
    return bool(settings.MAIL_FROM)


def mail(to: str, subject: str, template: str, context: dict[str, Any]) -> EmailMessage:
    """Return a mail in the language of this request."""
    return EmailMessage(" ".join(subject.split()), render_to_string(template, context), settings.MAIL_FROM, [to])


def send(message: EmailMessage) -> bool:
    """Send a mail. Say whether the mail server took it."""
    try:
        message.send()
    except (SMTPException, OSError, ValueError) as error:  # the last: an address that no mail can have
        logger.warning("A mail could not be sent (%s).", error)
        return False
    return True


def send_later(message: EmailMessage) -> None:
    """Send a mail beside this request, so that its time does not tell whether there was one to send. Never fails."""
    try:
        threading.Thread(target=send, args=(message,), name="mail").start()
    except RuntimeError as error:  # the operating system allows no more threads
        logger.warning("A mail could not be sent (%s).", error)
