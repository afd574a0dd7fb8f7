"""Names of events and properties, as SDKs write them and as declarations do: `app.fileType` is `app_file_type`."""

import re
from functools import lru_cache

from collector.programs.forms import NAME

MAX_NAME = 60  # characters of a name that is shown
_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_.\- ]*")
_LONG_NUMBER = re.compile(r"[0-9]{4}")  # of an id or a date
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHERS = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=4096)
def declared_form(name: str) -> str:
    """Return a name in the form that declarations have; empty if it can't have one."""
    if len(name) > MAX_NAME:
        return ""
    form = _OTHERS.sub("_", _HUMP.sub("_", name).lower()).strip("_")
    return form if NAME.fullmatch(form) else ""


@lru_cache(maxsize=4096)
def shown_name(name: str) -> str:
    """Return a name that nothing declares, in a declaration's form; empty if it may be somebody's, or a value."""
    if len(name) > MAX_NAME or not _WORDS.fullmatch(name) or _LONG_NUMBER.search(name):
        return ""
    return declared_form(name)
