"""What people read when a password was not checked."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.passwords.check import Outcome

TOO_MANY_STATUS = 429


def problem_of(outcome: Outcome) -> str:
    """Say how long to wait, and what may help sooner; an empty string if the password was checked."""
    if not outcome.wait_seconds:
        return ""
    if outcome.is_busy:
        return _("The server is busy checking passwords. Try again in a few seconds.")
    minutes = -(-outcome.wait_seconds // 60)
    problem = ngettext(
        "Too many tries. Wait %(minutes)d minute, then try again.",
        "Too many tries. Wait %(minutes)d minutes, then try again.",
        minutes,
    ) % {"minutes": minutes}
    if outcome.is_known:
        return problem
    return " ".join([problem, _("If you entered this password in another browser before, try that one.")])


def mark_refused(response: HttpResponse, outcome: Outcome) -> None:
    """Turn an answer into one that tells programs to wait."""
    response.status_code = TOO_MANY_STATUS
    response.headers["Retry-After"] = str(outcome.wait_seconds)
