"""Changes what members of a project may do. A project always has an owner."""

from django.db import transaction

from collector.models import Membership, Project, Role


class LastOwnerError(Exception):
    """The only owner of a project would not be one any more."""


@transaction.atomic
def change_role(membership: Membership, role: Role) -> None:
    """Give a member a role. Raises LastOwnerError. Three queries."""
    if role != Role.OWNER:
        _keep_an_owner(membership)
    Membership.objects.filter(pk=membership.pk).update(role=role)


@transaction.atomic
def remove_member(membership: Membership) -> None:
    """Remove a member, whose invitations and tokens then open nothing here. Raises LastOwnerError. Three queries."""
    _keep_an_owner(membership)
    Membership.objects.filter(pk=membership.pk).delete()


def _keep_an_owner(membership: Membership) -> None:
    """Raise LastOwnerError if nobody else owns the project. Two changes of a project follow each other."""
    Project.objects.select_for_update().get(pk=membership.project_id)
    owners = Membership.objects.filter(project=membership.project_id, role=Role.OWNER)
    if not owners.exclude(pk=membership.pk).exists():
        raise LastOwnerError
