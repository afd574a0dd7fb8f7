"""URLs of login, logout, accounts, members and invitations. The admin uses the same login.

Names that begin with `account_`, `mfa_` or `openid_` are those that django-allauth leads to.
"""

from django.contrib.auth.views import LogoutView, PasswordChangeDoneView
from django.urls import path

from accounts.login.single_sign_on import PROVIDER
from accounts.views import (
    account,
    activity,
    email,
    invitations,
    language,
    login,
    members,
    own_data,
    passkeys,
    password_reset,
    second_factor,
    second_step,
    single_sign_on,
    tokens,
)

urlpatterns = [
    path("login/", login.Login.as_view(), name="login"),
    path("login/", login.Login.as_view(), name="account_login"),
    path("login/second-factor/", second_step.second_step, name="mfa_authenticate"),
    path("login/passkey/", passkeys.passkey_login, name="passkey_login"),
    path("login/passkey/challenge/", passkeys.passkey_challenge, name="passkey_challenge"),
    path("login/single-sign-on/", single_sign_on.to_provider, name="single_sign_on"),
    path(
        "login/single-sign-on/callback/",
        single_sign_on.from_provider,
        {"provider_id": PROVIDER},
        name="openid_connect_callback",
    ),
    path("account/single-sign-on/", single_sign_on.connect, name="connect_single_sign_on"),
    path("i18n/setlang/", language.set_language, name="set_language"),
    path("account/", account.account, name="account"),
    path("account/name/", account.name, name="own_name"),
    path("account/data.json", own_data.data, name="own_data"),
    path("account/delete/", own_data.delete, name="delete_account"),
    path("account/sessions/end/", account.end_sessions, name="end_sessions"),
    path("account/tokens/", tokens.tokens, name="own_tokens"),
    path("account/email/", email.email, name="own_email"),
    path("account/email/<str:key>/", email.verify, name="verify_email"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", login.PasswordChange.as_view(), name="password_change"),
    path(
        "password/changed/",
        PasswordChangeDoneView.as_view(template_name="registration/password_changed.html"),
        name="password_changed",
    ),
    path("projects/<slug:slug>/members/", members.members, name="members"),
    path("projects/<slug:slug>/members/<int:pk>/", members.change_member, name="change_member"),
    path("projects/<slug:slug>/members/<int:pk>/revoke/", members.revoke_invitation, name="revoke_invitation"),
    path("projects/<slug:slug>/activity/", activity.activity, name="activity"),
    path("invitation/", invitations.pending, name="pending_invitation"),
    path("invitation/<str:secret>/", invitations.invitation, name="invitation"),
    path("forgotten/", password_reset.forgotten, name="forgotten_password"),
    path("reset/<str:key>/", password_reset.reset_password, name="reset_password"),
    path("account/confirm/", second_step.confirm, name="confirm"),
    path("account/second-factor/", second_factor.second_factor, name="second_factor"),
    path("account/second-factor/app/", second_factor.app, name="second_factor_app"),
    path("account/second-factor/passkeys/", second_factor.new_passkey, name="new_passkey"),
    path("account/second-factor/remove/", second_factor.remove, name="remove_second_factor"),
    path("account/second-factor/codes/", second_factor.recovery_codes, name="recovery_codes"),
]
