import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.intake.languages import MAX_HEADER, canonical_language, language_of

ALIASES = {
    "he": "he iw heb he-IL IW_il", "id": "id in ind in-ID", "yi": "yi ji yid", "ro": "ro mo ron rum mo-MD",
    "fil": "fil tl tgl", "de": "de deu ger de-CH DE-1996 deu-AT", "fr": "fr fra fre", "nl": "nl nld dut",
    "zh": "zh zho chi cmn zh-Hant-TW zh-cmn-Hans-CN zh-guoyu", "cs": "cs ces cze", "el": "el ell gre",
    "jv": "jv jw jav", "sr": "sr srp sh scc sr-Latn", "hr": "hr hrv scr", "sq": "sq sqi alb", "hy": "hy hye arm",
    "eu": "eu eus baq", "my": "my mya bur", "cy": "cy cym wel", "is": "is isl ice", "ka": "ka kat geo",
    "mk": "mk mkd mac", "mi": "mi mri mao", "ms": "ms msa may zsm", "fa": "fa fas per prs", "sk": "sk slk slo",
    "bo": "bo bod tib", "en": "en eng en-GB-oed en_US", "no": "no nor", "nb": "nb nob no-bok", "nn": "nn nno no-nyn",
    "tlh": "tlh i-klingon", "nan": "nan zh-min-nan", "yue": "yue zh-yue zh-yue-HK", "jbo": "jbo art-lojban",
    "lb": "lb ltz i-lux", "gsw": "gsw gsw-CH",
    "": "und mul zxx mis root * qaa qtz x-pirate i-default 12 german c d e-DE -de und-Latn",
}  # fmt: skip


@pytest.mark.parametrize("code", ALIASES)
def test_each_language_has_one_code(code):
    assert {tag: canonical_language(tag) for tag in ALIASES[code].split()} == dict.fromkeys(ALIASES[code].split(), code)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("de;q=0.3, fr;q=0.9", "fr"),
        ("de;q=0.3,fr;q=0.9,en", "en"),
        ("en;q=0", ""),
        ("en;q=0.000, de;q=0.001", "de"),
        ("*, de;q=0.1", "de"),
        ("de;q=0.5,fr;q=0.5", "de"),
        ("und, iw;q=0.5", "he"),
        ("de ; Q = 0.2 , fr ; q=0.7", "fr"),
        ("de;level=1;q=0.2,fr;q=0.4", "fr"),
        ("de;q=,fr;q=0.5", "fr"),
        ("de;q=high", "de"),
        ("de;q=-1,en;q=0.1", "en"),
        ("de;q=7", "de"),
        ("de;q=.5,fr;q=1.", "fr"),
        ("de;q=nan,fr;q=inf", "de"),
        ("de;q=0,8,en;q=0,3", "de"),
        (",,de,,", "de"),
        (";q=1,de", "de"),
        ("klingon, tlh;q=0.1", "tlh"),
        ("", ""),
    ],
)
def test_the_language_is_the_one_with_the_highest_weight(header, language):
    assert language_of(header.encode()) == language


def test_a_long_header_is_cut_between_languages():
    header = "xx;q=0.1," * 28 + "de;q=0.2" + "000" * 10
    assert len(header) > MAX_HEADER
    assert language_of(header.encode()[: MAX_HEADER + 1]) == "xx"


@given(header=st.binary(max_size=300))
def test_any_bytes_name_a_short_code_or_none(header):
    language = language_of(header)
    assert language == "" or (language.isascii() and language.isalpha() and 2 <= len(language) <= 3)
