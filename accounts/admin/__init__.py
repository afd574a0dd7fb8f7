"""Accounts in the admin: Django's users, and nothing of django-allauth's, which shows secrets of second factors."""

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401  (both register what is removed here)
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin

from accounts.admin.users import UserAdmin

__all__ = ["UserAdmin"]

for model in (EmailAddress, Authenticator):
    admin.site.unregister(model)
