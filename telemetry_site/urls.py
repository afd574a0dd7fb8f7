"""Every URL of the site."""

from typing import NoReturn

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import include, path
from django.views.generic import RedirectView

from dashboard import api
from dashboard.views import errors

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error


def no_page(request: HttpRequest, rest: str) -> NoReturn:
    """Answer in place of the admin's shortcut from any object to its page on the site.

    It looks up objects without asking who may see them, and fails for objects whose key is not a number. The admin's
    links to the dashboard don't need it.
    """
    raise Http404


urlpatterns = [
    path("", include("collector.urls")),
    path("admin/r/<path:rest>", no_page),
    # One login and one page for passwords, so that their limits hold everywhere.
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("", include("accounts.urls")),
    path("", include("dashboard.urls")),
]
