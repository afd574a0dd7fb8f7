"""Stores a new project or article: all of it or nothing, and once, however often its form is sent."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import islice

from django.contrib.admin.models import ADDITION
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.db.models.functions import Now

from collector.audit import record_changes
from collector.models import Membership, Pixel, Project, Role
from dashboard.creation.slugs import free_slugs

# A form that comes again within this time, with the same in every field, was sent twice: by two clicks, or by a browser
# that tried again. A key in the form would not do: browsers keep it when people go back to write the next article.
SENT_TWICE = timedelta(seconds=30)
MAX_SLUGS = 10  # tried, while others take them

Creator = AbstractBaseUser | AnonymousUser  # as in a request


@transaction.atomic
def create_project(creator: Creator, project: Project, article: Pixel) -> Pixel:
    """Store a project of its creator with its first article, and return the article as stored."""
    user = _in_turn(creator)
    own = Pixel.objects.filter(project__memberships__user=user, project__memberships__role=Role.OWNER)
    if twin := _twin(own.filter(project__name=project.name, project__timezone=project.timezone), article):
        return twin
    _store_with_free_slug(project)
    Membership.objects.create(project=project, user=user, role=Role.OWNER)
    article.project = project
    article.save(force_insert=True)
    _log(user, [project, article])
    return article


@transaction.atomic
def create_article(creator: Creator, project: Project, article: Pixel) -> Pixel:
    """Store an article in `project`, and return it as stored."""
    user = _in_turn(creator)
    if twin := _twin(project.pixels.all(), article):
        return twin
    article.project = project
    article.save(force_insert=True)
    _log(user, [article])
    return article


def _in_turn(creator: Creator) -> User:
    """Return the user once no other form of theirs is being stored: the second of two finds what the first has stored.

    SQLite has one writer anyway.
    """
    return User.objects.select_for_update().get(pk=str(creator.pk))


def _twin(pixels: QuerySet[Pixel], article: Pixel) -> Pixel | None:
    """Return the one of `pixels` that was stored from the same form just now, if there is one."""
    recent = pixels.filter(title=article.title, kind=article.kind, created_at__gt=Now() - SENT_TWICE)
    for pixel in recent.select_related("project"):
        if pixel.placements == article.placements:
            return pixel
    return None


def _store_with_free_slug(project: Project) -> None:
    """Store a project under the first slug that nobody has. Raises IntegrityError if it is not to be had."""
    problem = IntegrityError()
    for slug in islice(free_slugs(project.name), MAX_SLUGS):
        project.slug = slug
        try:
            with transaction.atomic():
                project.save(force_insert=True)
        except IntegrityError as error:  # another user took the slug since we looked
            problem = error
        else:
            return
    raise problem


def _log(user: User, objects: Iterable[Model]) -> None:
    """Note in the admin's history and in the audit trail who created what, in the admin's own words."""
    for one in objects:
        record_changes(user.pk, [one], ADDITION, [{"added": {}}])
