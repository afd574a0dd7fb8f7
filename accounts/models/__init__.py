"""What accounts store beside Django's users and django-allauth's second factors."""

from accounts.models.invitations import Invitation
from accounts.models.preferences import Preference
from accounts.models.sessions import Session

__all__ = ["Invitation", "Preference", "Session"]
