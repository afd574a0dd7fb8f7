"""What happens after an action of the admin: entries in each object's history and in the audit trail, and a message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from collector.audit import Message, record_changes


@dataclass(frozen=True, slots=True)
class Outcome:
    """The texts of an action: the entry in the history, the message on success, and the message if nothing changed."""

    history: Message
    done: str
    nothing: str


def log_changes(request: HttpRequest, changed: Sequence[Model], outcome: Outcome) -> None:
    record_changes(request.user.pk, changed, CHANGE, outcome.history)


def show_outcome(
    model_admin: admin.ModelAdmin[Any], request: HttpRequest, changed: Sequence[Model], outcome: Outcome
) -> HttpResponse | None:
    """Show the message. Go back to the object's page if the button was on it, otherwise to the list (None)."""
    if not changed:
        model_admin.message_user(request, outcome.nothing, messages.WARNING)
        return None
    model_admin.message_user(request, outcome.done, messages.SUCCESS)
    if "from_page" not in request.POST:
        return None
    return redirect(f"admin:collector_{model_admin.opts.model_name}_change", changed[0].pk)
