"""Finds the project that a command's argument names."""

from django.core.management.base import CommandError

from collector.models import Project


def project_of(slug: str) -> Project:
    """Return the project of a slug. Otherwise raise CommandError, which names projects that exist."""
    try:
        return Project.objects.get(slug=slug)
    except Project.DoesNotExist:
        slugs = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:10])
        hint = f"Choose one of: {slugs}." if slugs else "Create one first, with `manage.py create_pixel`."
        raise CommandError(f"There is no project “{slug}”. {hint}") from None
