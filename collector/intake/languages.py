"""The language that an `Accept-Language` header prefers, by one code for each language.

Browsers, apps and libraries name one language by several codes: `he` and the older `iw`, `de` and `deu` or `ger` of ISO
639-2. The canonical code is the one that BCP 47 prefers (RFC 5646, 4.5), with the aliases of Unicode CLDR, which Babel
carries. Norwegian stays `nb`, `nn` or `no`, as it is sent: BCP 47 prefers none of them.
"""

import re
from functools import lru_cache

from babel.core import get_global

CACHE_SIZE = 4096  # values of the header
MAX_HEADER = 256  # bytes that are read; a browser with ten languages sends about 100
LEAST_WEIGHT = 0.001  # of a language whose weight can't be read
_CODE = re.compile(r"[a-z]{2,3}")
_NO_LANGUAGE = re.compile(r"und|mul|zxx|mis|q[a-t][a-z]")  # ISO 639-2: undetermined, several, none, uncoded, private
_WEIGHT = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_DECIMAL_COMMA = re.compile(r"(q\s*=\s*[01]),(?=[0-9])", re.IGNORECASE)
# Tags that RFC 5646 keeps from earlier standards, and the languages of Chinese that have codes of their own.
_TAGS = {
    "art-lojban": "jbo", "i-ami": "ami", "i-bnn": "bnn", "i-hak": "hak", "i-klingon": "tlh", "i-lux": "lb",
    "i-navajo": "nv", "i-pwn": "pwn", "i-tao": "tao", "i-tay": "tay", "i-tsu": "tsu", "no-bok": "nb", "no-nyn": "nn",
    "sgn-be-fr": "sfb", "sgn-be-nl": "vgt", "sgn-ch-de": "sgg", "zh-guoyu": "zh", "zh-hakka": "hak",
    "zh-min-nan": "nan", "zh-xiang": "hsn",
}  # fmt: skip
_CHINESE = frozenset({"cdo", "cjy", "cmn", "cnp", "cpx", "csp", "czh", "czo", "gan", "hak", "hsn", "lzh", "mnp", "nan",
                      "wuu", "yue"})  # fmt: skip


@lru_cache(CACHE_SIZE)
def language_of(accept_language: bytes) -> str:
    """Return the language with the highest weight in `Accept-Language` (RFC 9110, 12.5.4), without its region.

    Of languages with equal weights, the first one counts. One with weight 0 is refused. A weight that can't be read is
    the least one: the language was named. The result is empty if no language is named; `*` and `und` name none.
    """
    text = accept_language[:MAX_HEADER].decode("latin-1")
    if len(accept_language) > MAX_HEADER:
        text = text.rpartition(",")[0]
    language, weight = "", 0.0
    for element in _DECIMAL_COMMA.sub(r"\1.", text).split(","):
        tag, *parameters = element.split(";")
        element_weight = _weight(parameters)
        if element_weight > weight and (code := canonical_language(tag)):
            language, weight = code, element_weight
    return language


def canonical_language(tag: str) -> str:
    """Return the canonical code of a tag's language, such as `he` for `iw-IL`; empty if the tag names no language."""
    lower = tag.strip().lower().replace("_", "-")
    if lower in _TAGS:
        return _TAGS[lower]
    code, _, rest = lower.partition("-")
    if code == "zh" and rest[:3] in _CHINESE and rest[3:4] in {"", "-"}:
        code = rest[:3]
    if not _CODE.fullmatch(code) or _NO_LANGUAGE.fullmatch(code):
        return ""
    alias: str = get_global("language_aliases").get(code, code)
    return alias.partition("_")[0]  # sr for sr_Latn


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            return min(float(value), 1.0) if _WEIGHT.fullmatch(value.strip()) else LEAST_WEIGHT
    return 1.0
