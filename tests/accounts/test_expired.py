"""What goes of accounts by itself, with the hourly deletion."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Invitation, Session
from accounts.models.invitations import KEPT
from collector.storage.retention import delete_expired
from tests.accounts.sessions.test_store import log_in

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def test_an_invitation_goes_with_its_address_a_month_after_it_has_expired(owner, project):
    now = timezone.now()
    for expired_days in (KEPT.days - 1, KEPT.days + 1):
        invitation = Invitation(project=project, email=f"{expired_days}@example.org", invited_by=owner)
        invitation.make_secret(now)
        invitation.expires_at = now - expired_days * DAY
        invitation.save()
    delete_expired(now)
    assert [invitation.email for invitation in Invitation.objects.all()] == [f"{KEPT.days - 1}@example.org"]


def test_a_session_goes_when_it_has_expired(viewer):
    log_in()
    delete_expired(timezone.now())
    assert Session.objects.count() == 1
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    delete_expired(timezone.now())
    assert not Session.objects.exists()
