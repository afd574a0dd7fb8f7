"""The page of one's own account: what it is, how to log in to it, and where somebody is logged in."""

from typing import cast

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from accounts.login.confirmation import confirmed
from accounts.login.single_sign_on import has_single_sign_on, is_connected
from accounts.notices import tell
from accounts.own.forms import NameForm
from accounts.second_factor.factors import factors_of
from accounts.sessions.ending import end_one, end_others
from accounts.sessions.listing import open_sessions
from accounts.views.pages import private_form, private_page, uncached_form
from collector.audit import record_own
from collector.models import ApiToken

NAME_CHANGED = gettext_noop("Name changed.")


@private_page
def account(request: HttpRequest) -> HttpResponse:
    """Show a user their account. Six queries, one more with single sign-on."""
    user = _user(request)
    context = {
        "account": user,
        "factors": factors_of(user),
        "sessions": open_sessions(request, user),
        "tokens": ApiToken.objects.filter(user=user, revoked_at=None).count(),
        "has_single_sign_on": has_single_sign_on(),
        "is_connected": has_single_sign_on() and is_connected(user),
    }
    return render(request, "accounts/account.html", context)


@require_POST
@private_form
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End one session of a user, or all but this one."""
    if "others" in request.POST:
        end_others(request, _user(request))
    else:
        end_one(_user(request), request.POST.get("session", ""))
    return redirect("account")


@uncached_form
@confirmed
def name(request: HttpRequest) -> HttpResponseBase:
    """Change the name by which somebody logs in."""
    user = _user(request)
    form = NameForm(request.POST if request.method == "POST" else None, instance=User.objects.get(pk=user.pk))
    if form.is_valid() and _renamed(form):
        record_own(form.instance, NAME_CHANGED)
        tell(form.instance, NAME_CHANGED, request=request)
        return redirect("account")
    return render(request, "accounts/name.html", {"form": form})


def _renamed(form: NameForm) -> bool:
    """Save a name. If somebody took it since the form was checked, the form says so."""
    try:
        with transaction.atomic():
            form.save()
    except IntegrityError:
        form.add_error("username", form.instance.unique_error_message(User, ["username"]))
        return False
    return True


def _user(request: HttpRequest) -> User:
    return cast("User", request.user)
