"""Campaigns: what the `utm_…` parameters of an embedding page's address say about the link that its reader followed.

Authors add them to links they share. The names are those of Google Analytics, which other tools took over. Case doesn't
matter: links are written by hand, and nobody means two campaigns by `Newsletter` and `newsletter`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, unquote_plus

from collector.models import Dimension
from collector.spool.line import MAX_PAGE

MAX_VALUE = 80  # characters, decoded
CAMPAIGN_DIMENSIONS = (  # those that say most first
    Dimension.UTM_CAMPAIGN, Dimension.UTM_SOURCE, Dimension.UTM_MEDIUM, Dimension.UTM_TERM, Dimension.UTM_CONTENT,
    Dimension.UTM_ID,
)  # fmt: skip
# What a query string keeps: all parameters, and where there are too many of those, fewer.
QUERY_FORMS = (
    frozenset(map(int, CAMPAIGN_DIMENSIONS)),
    frozenset(map(int, CAMPAIGN_DIMENSIONS[:3])),
    frozenset(map(int, CAMPAIGN_DIMENSIONS[:1])),
)
Campaign = tuple[tuple[int, str], ...]  # dimension and value, in the order of `CAMPAIGN_DIMENSIONS`
PARAMETERS = {int(dimension): str(dimension.label) for dimension in CAMPAIGN_DIMENSIONS}
_DIMENSIONS = {parameter: dimension for dimension, parameter in PARAMETERS.items()}
# Blanks, control characters, and what is invisible or changes the direction of the text around it (Unicode Standard
# Annex 9). Joiners (U+200C, U+200D) stay: words and emoji need them.
_INVISIBLE = re.compile(
    r"[\s\x00-\x20\x7f-\xa0\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202f\u2060-\u206f\ufeff"
    r"\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ud800-\udfff\U000e0000-\U000e0fff]+"
)
_JOINERS = "\u200c\u200d"
_WITH_MEANING = re.compile(r"[%&;?#+<>\"\\]")


@lru_cache(maxsize=4096)
def campaign_of(url: str) -> Campaign:
    """Return what the address of a page counts in: the first value of each parameter, as `campaign_value` has it."""
    return campaign_in(url.partition("?")[2].split("&"))


def campaign_in(parameters: Iterable[str]) -> Campaign:
    """Return the campaign that parameters such as `utm_source=a%20b` name. Other parameters are left out."""
    values: dict[int, str] = {}
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        dimension = _DIMENSIONS.get(name.lower())
        if dimension is not None and dimension not in values:
            value = campaign_value(unquote_plus(text))
            if value:
                values[dimension] = value
    return tuple((dimension, values[dimension]) for dimension in PARAMETERS if dimension in values)


def campaign_value(text: str) -> str:
    """Return the value that a decoded text counts as: in lower case, cut, and without invisible characters."""
    return _INVISIBLE.sub(" ", text).lower().strip(f" {_JOINERS}")[:MAX_VALUE].rstrip(f" {_JOINERS}")


def with_campaign(url: str, campaign: Iterable[tuple[int, str]]) -> str:
    """Return the address of a page with these campaign parameters instead of its own.

    Only what has a meaning in an address is encoded, so that other alphabets need no more room than Latin letters.
    Parameters that the address has no room for are left out.
    """
    page = url.partition("?")[0]
    separator = "?"
    for dimension, value in campaign:
        text = _WITH_MEANING.sub(lambda character: quote(character[0]), value).replace(" ", "+")
        parameter = f"{separator}{PARAMETERS[dimension]}={text}"
        if len(page) + len(parameter) <= MAX_PAGE:
            page += parameter
            separator = "&"
    return page
