"""The members of a project, their roles, and its open invitations: for its owners."""

from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from accounts.invitations.acceptance import record_invitation
from accounts.invitations.forms import InvitationForm
from accounts.invitations.roles import LastOwnerError, change_role, remove_member
from accounts.mails import can_send_mail, mail, send
from accounts.models import Invitation
from accounts.models.invitations import MOST_OPEN, InvitationQuerySet
from accounts.views.pages import private_form
from collector.addresses import address_warning, origin_of
from collector.intake.page_limits import seconds_to_wait
from collector.models import Project, Role
from collector.snippets import base_url

MOST_MAILS = (50, 3600)  # of one user to people who may not know them, and in how many seconds


@private_form
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Show who is a member and who is invited, and invite others. Answers 404 to all but owners.

    Five queries for GET. The link of a new invitation is in the answer to its form, and nowhere else.
    """
    project = get_object_or_404(Project.objects.owned_by(request.user), slug=slug)
    form = _form(request.POST if request.method == "POST" else None)
    if form.is_valid() and _open_invitations(project).count() < MOST_OPEN:
        made = _invite(request, project, form.save(commit=False))
        return _page(request, project, _form(), made)
    return _page(request, project, form, {})


@require_POST
@private_form
def change_member(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give a member another role, or remove them; not the last owner. Answers 404 to all but owners."""
    project = get_object_or_404(Project.objects.owned_by(request.user), slug=slug)
    membership = get_object_or_404(project.memberships, pk=pk)
    role = request.POST.get("role", "")
    try:
        if "remove" in request.POST:
            remove_member(membership, _user(request))
        elif role in Role.values and role != membership.role:
            change_role(membership, Role(role), _user(request))
    except LastOwnerError:
        problem = _("A project needs an owner. Make somebody else an owner first.")
        return _page(request, project, _form(), {"problem": problem})
    is_still_owner = Project.objects.owned_by(request.user).filter(pk=project.pk).exists()
    return redirect("members", slug) if is_still_owner else redirect("projects")


@require_POST
@private_form
def revoke_invitation(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Revoke an invitation. Answers 404 to all but owners."""
    invitations = Invitation.objects.owned_by(request.user).filter(project__slug=slug)
    invitation = get_object_or_404(invitations, pk=pk)
    is_open = invitations.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if is_open.update(revoked_at=timezone.now()):
        record_invitation(_user(request), invitation, gettext_noop("Invitation revoked."))
    return redirect("members", slug)


def _user(request: HttpRequest) -> User:
    return cast("User", request.user)


def _form(data: Any = None) -> InvitationForm:
    form = InvitationForm(data)
    if not can_send_mail():
        del form.fields["email"]
    return form


def _open_invitations(project: Project) -> InvitationQuerySet:
    return Invitation.objects.filter(project=project).open_at(timezone.now())


def _page(request: HttpRequest, project: Project, form: InvitationForm, context: dict[str, object]) -> HttpResponse:
    invitations = list(_open_invitations(project).select_related("invited_by").order_by("expires_at", "pk"))
    context = context | {
        "project": project,
        "memberships": project.memberships.select_related("user").order_by("user__username"),
        "roles": Role.choices,
        "invitations": invitations,
        "has_room": len(invitations) < MOST_OPEN,
        "form": form,
    }
    return render(request, "accounts/members.html", context)


def _invite(request: HttpRequest, project: Project, invitation: Invitation) -> dict[str, object]:
    """Store an invitation and send it, and return what the page says of it."""
    invitation.project = project
    invitation.invited_by = _user(request)
    secret = invitation.make_secret(timezone.now())
    invitation.save(force_insert=True)
    record_invitation(invitation.invited_by, invitation, gettext_noop("Invited."))
    origin = origin_of(base_url(request))
    address = f"{origin}{reverse('invitation', args=[secret])}"
    sent = ""
    if invitation.email:
        subject = _("Invitation to %(project)s") % {"project": project}
        context = {"invitation": invitation, "address": address}
        has_to_wait = seconds_to_wait("invitations", lambda: f"{invitation.invited_by_id}", MOST_MAILS)
        is_sent = not has_to_wait and send(mail(invitation.email, subject, "accounts/mail/invitation.txt", context))
        failed = _("The mail to %(email)s could not be sent. Send the link yourself.")
        sent = (_("Sent to %(email)s.") if is_sent else failed) % {"email": invitation.email}
    return {"address": address, "sent": sent, "address_warning": address_warning(origin, is_for_images=False)}
