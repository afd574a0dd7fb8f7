"""The choice of a language, in this browser and for an account."""

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from django.views.i18n import set_language as set_language_of_browser

from accounts.login.language import keep_language


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Set the language of this browser, and for users of those in which they log in from now on."""
    response = set_language_of_browser(request)
    chosen = request.POST.get("language", "")
    if request.method == "POST" and isinstance(request.user, User) and chosen in dict(settings.LANGUAGES):
        keep_language(request.user, chosen)
    return response
