"""The end of an account. What a team needs stays, without the name of who left."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from collector.audit import record
from collector.models import About, Membership, Project, Role


class NotDeletableError(Exception):
    """Something would be without anybody who may manage it."""


def only_owned(user: User) -> QuerySet[Project]:
    """Return the projects that nobody else owns whose account is switched on."""
    others = Membership.objects.filter(role=Role.OWNER, user__is_active=True).exclude(user=user)
    owned = Project.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    return owned.exclude(pk__in=others.values("project")).order_by("name")


def is_only_superuser(user: User) -> bool:
    """Say whether nobody else may manage this server. One query for superusers."""
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    return user.is_superuser and not others.exists()


@transaction.atomic
def delete_account(user: User) -> None:
    """Delete a user with their memberships, sessions, API tokens, second factors and invitations.

    Projects, articles, share links and decisions stay, and for a year the audit trail, with their name. Raises
    NotDeletableError. Two last owners, or superusers, who delete their accounts at the same moment follow each other.
    So do two requests that delete the same one: the second finds nothing to do.
    """
    who = Q(pk=user.pk) | Q(is_superuser=True) if user.is_superuser else Q(pk=user.pk)
    locked = {each.pk: each for each in User.objects.select_for_update().filter(who).order_by("pk")}
    if user.pk not in locked:
        return
    # Also those in which somebody may be making them an owner.
    list(Project.objects.select_for_update(of=("self",)).filter(memberships__user=user.pk).order_by("pk"))
    if is_only_superuser(user) or only_owned(user).exists():
        raise NotDeletableError
    locked[user.pk].delete()
    record(None, About.ACCOUNT, user, gettext_noop("Account deleted."))
