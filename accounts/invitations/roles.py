"""Changes what members of a project may do. A project always has an owner."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_noop

from collector.audit import record
from collector.models import About, Membership, Project, Role


class LastOwnerError(Exception):
    """The only owner of a project would not be one any more."""


@transaction.atomic
def change_role(membership: Membership, role: Role, by: User) -> None:
    """Give a member a role. Raises LastOwnerError."""
    if role != Role.OWNER:
        _keep_an_owner(membership)
    Membership.objects.filter(pk=membership.pk).update(role=role)
    subject = f"{membership.user}: {membership.role} → {role}"
    record(by.pk, About.MEMBER, subject, gettext_noop("Role changed."), project=membership.project)


@transaction.atomic
def remove_member(membership: Membership, by: User) -> None:
    """Remove a member, whose invitations and tokens then open nothing here. Raises LastOwnerError."""
    _keep_an_owner(membership)
    Membership.objects.filter(pk=membership.pk).delete()
    message = gettext_noop("Removed from the project.")
    record(by.pk, About.MEMBER, membership.user, message, project=membership.project)


def _keep_an_owner(membership: Membership) -> None:
    """Raise LastOwnerError if nobody else owns the project. Two changes of a project follow each other."""
    Project.objects.select_for_update().get(pk=membership.project_id)
    owners = Membership.objects.filter(project=membership.project_id, role=Role.OWNER, user__is_active=True)
    if not owners.exclude(pk=membership.pk).exists():
        raise LastOwnerError
