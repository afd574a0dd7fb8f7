"""Makes the slug of a project from its name: authors are never asked for one."""

from collections.abc import Iterator
from itertools import count

from django.utils.text import slugify

from collector.models import Project

NAMELESS = "project"  # where nothing of a name is left, such as of one in Chinese
# Letters of Latin alphabets that don't decompose into a plain one and an accent (Unicode, NFKD): slugify drops them.
_PLAIN = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


def free_slugs(name: str) -> Iterator[str]:
    """Yield slugs for a project of this name that no project has: my-blog, my-blog-2, … Without end. One query."""
    longest = Project._meta.get_field("slug").max_length or 0
    base = slugify(name.lower().translate(_PLAIN)).strip("-_")[:longest].strip("-_") or NAMELESS
    taken = set(Project.objects.filter(slug__startswith=base[: longest // 2]).values_list("slug", flat=True))
    for number in count(1):
        ending = f"-{number}" if number > 1 else ""
        slug = base[: longest - len(ending)].rstrip("-_") + ending
        if slug not in taken:
            yield slug
