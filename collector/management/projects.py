"""Finds the project that a command's argument names, or creates it."""

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, OutputWrapper
from django.core.validators import validate_slug

from collector.models import Membership, Project, Role


def project_of(slug: str) -> Project:
    """Return the project of a slug. Otherwise raise CommandError, which names projects that exist."""
    try:
        return Project.objects.get(slug=slug)
    except Project.DoesNotExist:
        slugs = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:10])
        hint = f"Choose one of: {slugs}." if slugs else "Create one first, with `manage.py create_pixel`."
        raise CommandError(f"There is no project “{slug}”. {hint}") from None


def project_or_new(slug: str, owner: str | None) -> Project:
    """Return the project of a slug; create it if it is new. `owner` is a user name. Raises CommandError."""
    user = User.objects.filter(username=owner).first() if owner is not None else None
    if owner is not None and user is None:
        raise CommandError(f"There is no user “{owner}”. Create the account in the admin first, or leave out --owner.")
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        return _new_project(slug, user)
    if user is not None and not project.memberships.filter(user=user, role=Role.OWNER).exists():
        raise CommandError(
            f"Project “{slug}” already exists, and “{owner}” doesn't own it. "
            f"Leave out --owner, or make “{owner}” an owner in the admin."
        )
    return project


def warn_without_owner(project: Project, err: OutputWrapper) -> None:
    if not project.memberships.filter(role=Role.OWNER).exists():
        err.write(f"Project “{project.slug}” has no owner. Only superusers can edit it. Add an owner in the admin.")


def _new_project(slug: str, owner: User | None) -> Project:
    try:
        validate_slug(slug)
    except ValidationError:
        raise CommandError(
            f"“{slug}” can't be a project's slug. Use letters, digits and hyphens, such as my-blog."
        ) from None
    max_length = Project._meta.get_field("slug").max_length or 0
    if len(slug) > max_length:
        raise CommandError(f"The project's slug has {len(slug)} characters. Use at most {max_length}.")
    name = slug.replace("-", " ").replace("_", " ").strip().capitalize() or slug
    project = Project.objects.create(slug=slug, name=name)
    if owner is not None:
        Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    return project
