"""What the start of the admin shows of what its user did last."""

from collections import defaultdict
from typing import Any

from django import template
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest

MOST_READ = 50
MOST_SHOWN = 10

register = template.Library()


@register.simple_tag(takes_context=True)
def recent_actions(context: dict[str, Any]) -> list[LogEntry]:
    """Return the latest actions of the user on what still exists for them, newest first.

    Django's own tag also names what belongs to projects that they have left. One query, and one for each model.
    """
    request = context["request"]
    own = LogEntry.objects.filter(user=request.user, object_id__isnull=False).select_related("content_type")
    entries = list(own[:MOST_READ])
    keys_by_model: dict[Any, set[str]] = defaultdict(set)
    for entry in entries:
        keys_by_model[_model_of(entry)].add(str(entry.object_id))
    found = {(model, key) for model, keys in keys_by_model.items() for key in _existing(request, model, keys)}
    return [entry for entry in entries if (_model_of(entry), entry.object_id) in found][:MOST_SHOWN]


def _model_of(entry: LogEntry) -> Any:
    return entry.content_type.model_class() if entry.content_type else None


def _existing(request: HttpRequest, model: Any, keys: set[str]) -> list[str]:
    """Return the keys of the objects that exist for the user. One query."""
    if model is None or not admin.site.is_registered(model):
        return []
    in_scope = admin.site.get_model_admin(model).get_queryset(request)
    return [str(key) for key in in_scope.filter(pk__in=keys).values_list("pk", flat=True)]
