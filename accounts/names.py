"""What people may call themselves: names that others can read, and can't mistake for the name of somebody else."""

from unicodedata import category, name

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from collector.models.validators import BLANKS, validate_title

# Scripts with letters that look like those of another one (Unicode Technical Standard 39, 5.2).
ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})


def validate_user_name(text: str) -> None:
    """Raise ValidationError if a user name has letters that nobody sees, or of two scripts with letters alike.

    Django's own validator leaves only letters, digits and `@.+-_`. A name in one script that looks like a name in
    another is still possible.
    """
    if any(character in BLANKS for character in text):
        raise ValidationError(_("This has characters that can't be shown. Write it as one line of plain text."))
    scripts = {name(character, "").partition(" ")[0] for character in text if character.isalpha()}
    if len(scripts & ALIKE) > 1:
        raise ValidationError(_("Use letters of one alphabet: those of different ones look alike."))


def in_any_case(text: str) -> Q:
    """Return what finds the users with a name, whatever the case. SQLite alone compares so only ASCII's letters."""
    return Q(username__iexact=text) | Q(username__iexact=text.lower()) | Q(username__iexact=text.upper())


def validate_address(text: str) -> None:
    """Raise ValidationError if an email address has characters that nobody sees. In quotes, standards allow many."""
    if any(category(character)[0] in "CZ" or character in BLANKS for character in text):
        raise ValidationError(_("This has characters that can't be shown. Write it as one line of plain text."))


def shown_or_empty(text: str) -> str:
    """Return the name of a person as another server says it, or an empty string if it can't be shown."""
    try:
        validate_title(text)
    except ValidationError:
        return ""
    return text


# Of the fields that only superusers fill in. They may give each account a name as they like.
VALIDATORS = {"first_name": validate_title, "last_name": validate_title, "email": validate_address}
