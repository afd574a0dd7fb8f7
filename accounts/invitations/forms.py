"""The forms of an invitation: for the owner who sends it, and for somebody who makes an account by it."""

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User

from accounts.models import Invitation
from accounts.names import in_any_case, validate_address, validate_user_name


class InvitationForm(forms.ModelForm[Invitation]):
    """Who is invited, as what."""

    class Meta:
        model = Invitation
        fields = ["role", "email"]
        widgets = {"email": forms.EmailInput(attrs={"autocomplete": "off"})}

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        validate_address(email)
        return email


class NewAccountForm(UserCreationForm[User]):
    """The name and the password of a new account. No name that only differs in case from another one."""

    class Meta:
        model = User
        fields = ["username"]

    def clean_username(self) -> str:
        name = str(super().clean_username())
        validate_user_name(name)
        if User.objects.filter(in_any_case(name)).exists():
            raise self.instance.unique_error_message(User, ["username"])
        return name
