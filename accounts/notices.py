"""Tells users by mail what changed about their account, so that they notice what they did not do themselves."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, gettext, override

from accounts.login.language import language_of
from accounts.mails import can_send_mail, mail, send_later
from collector.addresses import origin_of
from collector.intake.page_limits import seconds_to_wait
from collector.snippets import base_url

MOST = (5, 3600)  # of one kind to one user, and in how many seconds


def tell(
    user: User,
    message: str,
    *,
    request: HttpRequest | None = None,
    detail: Callable[[], str] = str,
    former_email: str = "",
) -> None:
    """Mail a user what happened to their account, in their language. Call it after the change, outside its transaction.

    `message` is that of the audit trail, in English. `detail` returns more, in the language of the mail. `former_email`
    is told, too. Nothing happens where no mail is set up, or the user has no address. One query.
    """
    addresses = {address.lower(): address for address in (user.email, former_email) if address}
    if not addresses or not can_send_mail() or seconds_to_wait("notice", lambda: f"{user.pk} {message}", MOST):
        return
    with override(language_of(user) or get_language()):
        context = {
            "who": user.get_username(),
            "what": gettext(message),
            "detail": detail(),
            "address": f"{origin_of(base_url(request))}{reverse('account')}",
        }
        for address in addresses.values():
            send_later(mail(address, f"Footfall: {gettext(message)}", "accounts/mail/notice.txt", context))
