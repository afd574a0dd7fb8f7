"""The forms of an invitation: for the owner who sends it, and for somebody who makes an account by it."""

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User

from accounts.models import Invitation


class InvitationForm(forms.ModelForm[Invitation]):
    """Who is invited, as what."""

    class Meta:
        model = Invitation
        fields = ["role", "email"]
        widgets = {"email": forms.EmailInput(attrs={"autocomplete": "off"})}


class NewAccountForm(UserCreationForm[User]):
    """The name and the password of a new account. No name that only differs in case from another one."""

    class Meta:
        model = User
        fields = ["username"]
