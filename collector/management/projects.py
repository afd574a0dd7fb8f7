"""What commands share: a project by its slug."""

from django.core.management.base import CommandError

from collector.models import Project


def project_of(slug: str) -> Project:
    """Return the project of a slug; raise CommandError that names those there are."""
    try:
        return Project.objects.get(slug=slug)
    except Project.DoesNotExist:
        slugs = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:10])
        hint = f"There are: {slugs}." if slugs else "There are none yet; `manage.py create_pixel` makes one."
        raise CommandError(f"There is no project “{slug}”. {hint}") from None
