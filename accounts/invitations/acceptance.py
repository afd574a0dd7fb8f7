"""Accepts invitations: for users, and for people who make an account by it."""

from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import Invitation
from accounts.models.invitations import InvitationQuerySet
from collector.audit import record
from collector.models import About, Membership, Project, Role

PENDING = "invitation"  # in a session: the digest of the invitation that led somebody to the login
RANKS = [Role.VIEWER, Role.EDITOR, Role.OWNER]


def invitation_of(secret: str) -> Invitation | None:
    """Return the open invitation with this secret. Two queries."""
    return _valid(Invitation.objects.of_secret(secret))


def pending_invitation(session: SessionBase) -> Invitation | None:
    """Return the open invitation that led the session's browser to the login. Two queries, none without one."""
    digest = session.get(PENDING)
    return _valid(Invitation.objects.filter(digest=digest)) if digest else None


def keep_pending(session: SessionBase, invitation: Invitation) -> None:
    """Remember an invitation until its receiver has logged in."""
    session[PENDING] = invitation.digest


@transaction.atomic
def accept(invitation: Invitation, user: User) -> bool:
    """Make a user a member. Say whether the invitation was still open. A member's role never gets lower."""
    invitation_now = _valid(Invitation.objects.filter(pk=invitation.pk).select_for_update(of=("self",)))
    if invitation_now is None:
        return False
    project, role = invitation_now.project, Role(invitation_now.role)
    membership, is_new = Membership.objects.get_or_create(project=project, user=user, defaults={"role": role})
    if not is_new and RANKS.index(role) > RANKS.index(Role(membership.role)):
        membership.role = role
        membership.save(update_fields=["role"])
    Invitation.objects.filter(pk=invitation.pk).update(accepted_at=timezone.now(), accepted_by=user)
    record_invitation(user, invitation_now, gettext_noop("Invitation accepted."))
    return True


@transaction.atomic
def accept_with_new_account(invitation: Invitation, user: User) -> bool:
    """Store a new user and make them a member: both or nothing."""
    user.save(force_insert=True)
    if accept(invitation, user):
        return True
    transaction.set_rollback(True)
    return False


def record_invitation(user: User, invitation: Invitation, message: str) -> None:
    """Note in the audit trail what a user did with an invitation. One query."""
    subject = " · ".join(filter(None, [invitation.get_role_display(), invitation.email]))
    record(user.pk, About.INVITATION, subject, message, project=invitation.project)


def _valid(invitations: InvitationQuerySet) -> Invitation | None:
    """Return the first one that is open, and whose sender still owns the project."""
    invitation = invitations.open_at(timezone.now()).select_related("project", "invited_by").first()
    if invitation and Project.objects.owned_by(invitation.invited_by).filter(pk=invitation.project_id).exists():
        return invitation
    return None
