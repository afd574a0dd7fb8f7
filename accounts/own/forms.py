"""The forms of an account: its name, its email address and its API tokens."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import User

from accounts.names import in_any_case, validate_address, validate_user_name
from collector.models import ApiToken, Project


class NameForm(forms.ModelForm[User]):
    """A name that nobody has, not even in another case."""

    class Meta:
        model = User
        fields: ClassVar = ["username"]

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        validate_user_name(name)
        if User.objects.filter(in_any_case(name)).exclude(pk=self.instance.pk).exists():
            raise self.instance.unique_error_message(User, ["username"])
        return name


class EmailForm(forms.ModelForm[User]):
    """An address, or none."""

    class Meta:
        model = User
        fields: ClassVar = ["email"]
        widgets: ClassVar = {"email": forms.EmailInput(attrs={"autocomplete": "email"})}

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        validate_address(email)
        return email


class TokenForm(forms.ModelForm[ApiToken]):
    """An API token for some of the projects that its user may see."""

    class Meta:
        model = ApiToken
        fields: ClassVar = ["name", "projects", "reads_audit"]
        widgets: ClassVar = {"projects": forms.CheckboxSelectMultiple}

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        projects: Any = self.fields["projects"]
        projects.queryset = Project.objects.visible_to(user)
