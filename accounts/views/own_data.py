"""What is kept about a user: they can download it, and delete their account."""

from typing import cast

from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.login.confirmation import confirmed
from accounts.own.data import data_of
from accounts.own.deletion import NotDeletableError, delete_account, is_only_superuser, only_owned
from accounts.views.pages import uncached_form


@require_safe
@confirmed
def data(request: HttpRequest) -> HttpResponseBase:
    """Send what is kept about a user, as JSON."""
    kept = data_of(cast("User", request.user))
    headers = {"Content-Disposition": 'attachment; filename="footfall-account.json"'}
    return JsonResponse(kept, json_dumps_params={"indent": 2, "ensure_ascii": False}, headers=headers)


@uncached_form
@confirmed
def delete(request: HttpRequest) -> HttpResponseBase:
    """Say what goes with an account, and delete it. Refused while nobody else could manage what it manages."""
    user = cast("User", request.user)
    if request.method != "POST":
        return _page(request, user)
    try:
        delete_account(user)
    except NotDeletableError:
        return _page(request, user)
    logout(request)
    return render(request, "accounts/deleted.html")


def _page(request: HttpRequest, user: User) -> HttpResponse:
    projects = only_owned(user)
    context = {"projects": projects, "is_only_superuser": is_only_superuser(user)}
    return render(request, "accounts/delete.html", context)
