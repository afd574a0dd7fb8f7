"""The OpenID Connect provider of the operator. django-allauth looks for it in this module of each application."""

from typing import Any

from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.core.exceptions import PermissionDenied


class SingleSignOn(OpenIDConnectProvider):
    """Keeps of what the provider says only who the user is: some providers also send addresses of clients."""

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return {}

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the user's subject. Raises PermissionDenied if two answers are about different ones (Core, 5.3.2)."""
        subjects = {str(part["sub"]) for part in (data.get("id_token"), data.get("userinfo")) if part}
        if len(subjects) != 1:
            raise PermissionDenied("The provider's answers name different subjects.")
        return subjects.pop()


provider_classes = [SingleSignOn]
