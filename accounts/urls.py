"""URLs of login, logout and passwords. The admin uses these pages too."""

from django.contrib.auth.views import LogoutView, PasswordChangeDoneView
from django.urls import path

from accounts.views import login

urlpatterns = [
    path("login/", login.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", login.PasswordChange.as_view(), name="password_change"),
    path(
        "password/changed/",
        PasswordChangeDoneView.as_view(template_name="registration/password_changed.html"),
        name="password_changed",
    ),
]
