"""The forms of an account: its name and its email address."""

from typing import ClassVar

from django import forms
from django.contrib.auth.models import User


class NameForm(forms.ModelForm[User]):
    """A name that nobody has, not even in another case."""

    class Meta:
        model = User
        fields: ClassVar = ["username"]

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exclude(pk=self.instance.pk).exists():
            raise self.instance.unique_error_message(User, ["username"])
        return name


class EmailForm(forms.ModelForm[User]):
    """An address, or none."""

    class Meta:
        model = User
        fields: ClassVar = ["email"]
        widgets: ClassVar = {"email": forms.EmailInput(attrs={"autocomplete": "email"})}
