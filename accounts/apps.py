"""The Django application of accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who may log in, and how."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
