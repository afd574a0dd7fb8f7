"""Logging in, and the forms and pages of the admin."""

import datetime

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from collector.models import DailyCount, Dimension, Hit, Pixel, Project

PASSWORD = "long-enough-1"


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def count(pixel: Pixel) -> DailyCount:
    return DailyCount.objects.create(
        project=pixel.project,
        pixel_id=pixel.pk,
        date=datetime.date(2026, 11, 1),
        dimension=Dimension.TOTAL,
        platform="medium",
        value="",
        hits=1,
        visitors=1,
    )


def store_hit(pixel: Pixel) -> Hit:
    return Hit.objects.create(
        project=pixel.project,
        pixel=pixel,
        at=timezone.now(),
        id=1,
        position=0,
        traffic=0,
        verdict=0,
        evidence=0,
        new_to_pixel=True,
        new_to_project=True,
        platform="medium",
    )


def pixel_form(project: Project, **changes: object) -> dict[str, object]:
    return {"title": "Hello", "project": project.pk, "kind": "article", "_save": "Save", **changes}


def project_form(*members: tuple[str, str], project: Project | None = None, **changes: object) -> dict[str, object]:
    """Return the fields of the project form. Members are pairs of user name and role, existing members first."""
    existing = list(project.memberships.order_by("pk")) if project else []
    form: dict[str, object] = {
        "name": "Blog",
        "slug": "blog",
        "timezone": "Europe/Berlin",
        "first_weekday": 1,
        "retention_days": 730,
        "min_reading_seconds": 10,
        "memberships-TOTAL_FORMS": len(members),
        "memberships-INITIAL_FORMS": len(existing),
        "_save": "Save",
    }
    for number, (name, role) in enumerate(members):
        form |= {f"memberships-{number}-user": name, f"memberships-{number}-role": role}
        if number < len(existing):
            form |= {f"memberships-{number}-id": existing[number].pk, f"memberships-{number}-project": project.pk}
    return form | changes


def text_of(response) -> str:
    return response.content.decode()
