"""What accounts store beside Django's users and django-allauth's second factors."""

from accounts.models.invitations import Invitation

__all__ = ["Invitation"]
