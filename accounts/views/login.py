"""Logging in and changing one's password. The admin uses these pages too."""

import unicodedata
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_noop

from accounts.login.begin import begin_login
from accounts.login.locks import KNOWN_AS, lock_of, remember_browser_of
from accounts.login.single_sign_on import has_single_sign_on
from accounts.notices import tell
from accounts.passwords.check import check
from accounts.passwords.problems import mark_refused, problem_of
from accounts.sessions.ending import end_others
from collector.audit import record_own

LONGEST_NAME = 150
PASSWORD_CHANGED = gettext_noop("Password changed.")


class Login(LoginView):
    """Log in, within limits of tries. Names that nobody has are limited and answered like all others."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Send people who are logged in on, except those who may not open the admin: it would send them back."""
        super().setup(request, *args, **kwargs)
        is_let_in = request.user.is_staff or not self.get_success_url().startswith(reverse("admin:index"))
        self.redirect_authenticated_user = is_let_in

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Return where to go, or an empty string. Pages that log in or out would lead back to this one."""
        url = super().get_redirect_url()
        circular = {reverse("login"), reverse("logout"), reverse("admin:login"), reverse("admin:logout")}
        return "" if urlsplit(url).path in circular else url

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"has_single_sign_on": has_single_sign_on()}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name = unicodedata.normalize("NFKC", request.POST.get("username", "").strip())
        form: AuthenticationForm = self.get_form()
        if not 0 < len(name) <= LONGEST_NAME or "\0" in name or not request.POST.get("password"):
            return self.form_invalid(form)  # no password is checked
        user = User.objects.filter(username=name).first()
        outcome = check(request, lock_of(name, user), form.is_valid)
        if problem := problem_of(outcome):
            # Not `form`: to show its errors, Django would check the password.
            unchecked = AuthenticationForm(request, initial={"username": name})
            response = self.render_to_response(self.get_context_data(form=unchecked, problem=problem))
            mark_refused(response, outcome)
            return response
        if not outcome.is_right:
            return self.form_invalid(form)
        return begin_login(request, form.get_user(), self.get_success_url())


class PasswordChange(PasswordChangeView):
    """Change one's own password, which ends all other sessions. A stolen session must not be enough to guess it."""

    template_name = "registration/password_change.html"
    success_url = reverse_lazy("password_changed")
    extra_context = {"rules": password_validators_help_texts}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show nothing to users without a password, who log in by other means."""
        if request.user.is_authenticated and not request.user.has_usable_password():
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form()
        user = form.user

        def is_right() -> bool:
            return form.is_valid() or "old_password" not in form.errors

        outcome = check(request, lock_of(user.get_username(), user), is_right, known_as=KNOWN_AS)
        if problem := problem_of(outcome):
            response = self.render_to_response(self.get_context_data(form=self.form_class(user), problem=problem))
            mark_refused(response, outcome)
            return response
        if not form.is_valid():
            return self.form_invalid(form)
        response = self.form_valid(form)
        end_others(request, form.user)
        record_own(form.user, PASSWORD_CHANGED)
        tell(form.user, PASSWORD_CHANGED, request=request)
        remember_browser_of(form.user, response)
        return response
