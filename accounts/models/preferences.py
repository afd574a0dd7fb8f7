"""What users choose for themselves, wherever they log in."""

from django.conf import settings
from django.db import models


class Preference(models.Model):
    """The language of a user. It has no row before it is chosen."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    language = models.CharField(max_length=10)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.language
