"""One's own API tokens: users create and revoke them, also those who may not enter the admin."""

from typing import cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.login.confirmation import confirmed
from accounts.own.forms import TokenForm
from accounts.views.pages import uncached_form
from collector.audit import record_objects
from collector.models import ApiToken

MOST_TOKENS = 50  # of a user, besides revoked ones


@uncached_form
@confirmed
def tokens(request: HttpRequest) -> HttpResponseBase:
    """List the tokens of a user, create one, or revoke one. The secret is in the answer to the form, nowhere else."""
    user = cast("User", request.user)
    if request.method != "POST":
        return _page(request, user, TokenForm(user))
    if "revoke" in request.POST:
        _revoke(user, request.POST["revoke"])
        return redirect("own_tokens")
    form = TokenForm(user, request.POST)
    if not form.is_valid() or _valid_tokens(user).count() >= MOST_TOKENS:
        return _page(request, user, form)
    token = form.save(commit=False)
    token.user = user
    secret = token.make_secret()
    token.save(force_insert=True)
    form.save_m2m()
    record_objects(user.pk, [token], [{"added": {}}])
    return _page(request, user, TokenForm(user), secret)


def _valid_tokens(user: User) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=user, revoked_at=None)


def _revoke(user: User, key: str) -> None:
    own = _valid_tokens(user).filter(pk=int(key[:9]) if key.isdecimal() else 0)
    tokens = list(own)
    if own.update(revoked_at=timezone.now()):
        record_objects(user.pk, tokens, gettext_noop("Revoked."))


def _page(request: HttpRequest, user: User, form: TokenForm, shown_once: str = "") -> HttpResponse:
    tokens = list(_valid_tokens(user))
    context = {"form": form, "tokens": tokens, "secret": shown_once, "has_room": len(tokens) < MOST_TOKENS}
    return render(request, "accounts/tokens.html", context)
