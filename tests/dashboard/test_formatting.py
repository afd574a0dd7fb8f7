"""How numbers, days and names are written in each language."""

import re
from datetime import date
from random import Random

import pytest
from django.conf import settings
from django.utils import translation

from dashboard import formatting
from dashboard.templatetags.table_cells import cells

LANGUAGES = ("en", "de", "es", "fr", "ja", "zh-hans")
DAY = date(2026, 11, 4)


def table(*rows: tuple) -> list:
    """Return a case for each language. A row has a value, then its text in each of `LANGUAGES`."""
    return [
        pytest.param(language, value, text, id=f"{language}-{value}")
        for value, *texts in rows
        for language, text in zip(LANGUAGES, texts, strict=True)
    ]


def test_the_table_has_every_language():
    assert {language for language, _ in settings.LANGUAGES} == set(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "number", "text"),
    table(
        (0, "0", "0", "0", "0", "0", "0"),
        (999, "999", "999", "999", "999", "999", "999"),
        (1000, "1k", "1.000", "1_mil", "1_k", "1,000", "1,000"),
        (2790, "2.8k", "2.790", "2,8_mil", "2,8_k", "2,790", "2,790"),
        (9949, "9.9k", "9.949", "9,9_mil", "9,9_k", "9,949", "9,949"),
        (9950, "10k", "9.950", "10_mil", "10_k", "9,950", "9,950"),
        (12_345, "12.3k", "12.345", "12,3_mil", "12,3_k", "1.2万", "1.2万"),
        (99_950, "100k", "99.950", "100_mil", "100_k", "10万", "10万"),
        (999_499, "999k", "999.499", "999_mil", "999_k", "99.9万", "99.9万"),
        (999_950, "1M", "999.950", "1_M", "1_M", "100万", "100万"),
        (1_249_999, "1.2M", "1,2_Mio.", "1,2_M", "1,2_M", "125万", "125万"),
        (1_250_000, "1.3M", "1,3_Mio.", "1,3_M", "1,3_M", "125万", "125万"),
        (12_345_678, "12.3M", "12,3_Mio.", "12,3_M", "12,3_M", "1,235万", "1,235万"),
        (199_999_999, "200M", "200_Mio.", "200_M", "200_M", "2億", "2亿"),
        (999_999_999, "1G", "1_Mrd.", "1000_M", "1_Md", "10億", "10亿"),
        (3_000_000_000, "3G", "3_Mrd.", "3000_M", "3_Md", "30億", "30亿"),
        (10**30, f"{10**18:,}T", "%s_Bio.", "%s_B", "%s_Bn", "%s", "%s"),
        (-12_345, "-12.3k", "-12.345", "-12,3_mil", "-12,3_k", "-1.2万", "-1.2万"),
    ),
)
def test_numbers_are_rounded_and_shortened_as_the_language_does(language, number, text):
    with translation.override(language):
        written = formatting.short(number).replace("\N{NO-BREAK SPACE}", "_")
    if text.startswith("%s"):  # too large to be written in short
        assert written.endswith(text[2:])
    else:
        assert written == text


def number_in(text: str, language: str) -> float:
    """Return the number that a short text stands for."""
    units = {
        "k": 3,
        "mil": 3,
        "Mio.": 6,
        "M": 6,
        "Mrd.": 9,
        "Md": 9,
        "mil\N{NO-BREAK SPACE}M": 9,
        "G": 9,
        "万": 4,
        "億": 8,
        "亿": 8,
    }
    digits, unit = re.fullmatch(r"([\d.,\u202f]+)\N{NO-BREAK SPACE}?(.*)", text).groups()
    decimal, group = (".", ",") if language in {"en", "ja", "zh-hans"} else (",", ".")
    plain = digits.replace(group, "").replace("\u202f", "").replace(decimal, ".")
    return float(plain) * 10 ** (units[unit] if unit else 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_short_number_is_as_near_as_its_digits_allow_and_never_shrinks(language):
    random = Random(language)
    numbers = sorted(
        {random.randrange(10 ** random.randint(1, 11)) for _ in range(2000)}
        | {10**power + offset for power in range(2, 11) for offset in (-51, -50, -1, 0, 1)}
    )
    texts = [formatting.short(number, language) for number in numbers]
    values = [number_in(text, language) for text in texts]
    assert values == sorted(values)
    for number, text, value in zip(numbers, texts, values, strict=True):
        assert abs(value - number) <= number / 20, (number, text)  # 1.1k may be 1,050


@pytest.mark.parametrize(
    ("language", "number", "text"),
    table(
        (999, "999", "999", "999", "999", "999", "999"),
        (1234, "1,234", "1.234", "1234", "1\u202f234", "1,234", "1,234"),
        (1_234_567, "1,234,567", "1.234.567", "1.234.567", "1\u202f234\u202f567", "1,234,567", "1,234,567"),
    ),
)
def test_whole_numbers_are_grouped_as_the_language_does(language, number, text):
    with translation.override(language):
        assert formatting.exact(number) == text


@pytest.mark.parametrize(
    ("language", "share", "text"),
    table(
        (0, "0%", "0_%", "0_%", "0_%", "0%", "0%"),
        (0.001, "<1%", "<1_%", "<1_%", "<1_%", "<1%", "<1%"),
        (0.344, "34%", "34_%", "34_%", "34_%", "34%", "34%"),
        (0.345, "35%", "35_%", "35_%", "35_%", "35%", "35%"),
        (23 / 40, "58%", "58_%", "58_%", "58_%", "58%", "58%"),
        (0.999, ">99%", ">99_%", ">99_%", ">99_%", ">99%", ">99%"),
        (1, "100%", "100_%", "100_%", "100_%", "100%", "100%"),
        (12, "1,200%", "1.200_%", "1200_%", "1.200_%", "1,200%", "1,200%"),
    ),
)
def test_shares_are_written_as_the_language_does(language, share, text):
    with translation.override(language):
        written = formatting.percent(share)
    assert (
        written.replace("\N{NARROW NO-BREAK SPACE}%", "_%").replace("\N{NO-BREAK SPACE}", "_").replace("\u202f", ".")
        == text
    )


@pytest.mark.parametrize(
    ("language", "form", "text"),
    table(
        ("MMMd", "4 Nov", "4. Nov.", "4 nov", "4 nov.", "11月4日", "11月4日"),
        ("yMMMd", "4 Nov 2026", "4. Nov. 2026", "4 nov 2026", "4 nov. 2026", "2026年11月4日", "2026年11月4日"),
        (
            "yMMMEd",
            "Wed 4 Nov 2026",
            "Mi., 4. Nov. 2026",
            "mié, 4 nov 2026",
            "mer. 4 nov. 2026",
            "2026年11月4日(水)",
            "2026年11月4日周三",
        ),
        ("yMMM", "Nov 2026", "Nov. 2026", "nov 2026", "nov. 2026", "2026年11月", "2026年11月"),
        (
            "yMMMM",
            "November 2026",
            "November 2026",
            "noviembre de 2026",
            "novembre 2026",
            "2026年11月",
            "2026年11月",
        ),
        ("j M", "4 Nov", "4. Nov.", "4 nov", "4 nov.", "11月4日", "11月4日"),
        ("MMMEd", "Wed 4 Nov", "Mi., 4. Nov.", "mié, 4 nov", "mer. 4 nov.", "11月4日(水)", "11月4日周三"),
    ),
)
def test_days_are_written_in_the_order_of_the_language(language, form, text):
    with translation.override(language):
        assert formatting.day(DAY, form) == text


@pytest.mark.parametrize(
    ("language", "last", "text"),
    table(
        (
            date(2026, 11, 22),
            "24 Oct \N{EN DASH} 22 Nov 2026",
            "24. Okt. \N{EN DASH} 22. Nov. 2026",
            "24 oct \N{EN DASH} 22 nov 2026",
            "24 oct. \N{EN DASH} 22 nov. 2026",
            "2026年10月24日\N{FULLWIDTH TILDE}11月22日",
            "2026年10月24日至11月22日",
        ),
        (
            date(2026, 10, 24),
            "24 Oct 2026",
            "24. Okt. 2026",
            "24 oct 2026",
            "24 oct. 2026",
            "2026年10月24日",
            "2026年10月24日",
        ),
    ),
)
def test_a_range_of_days_does_not_repeat_a_shared_month_or_year(language, last, text):
    with translation.override(language):
        assert formatting.days(date(2026, 10, 24), last) == text


@pytest.mark.parametrize(
    ("language", "code", "text"),
    table(
        ("DE", "Germany", "Deutschland", "Alemania", "Allemagne", "ドイツ", "德国"),
        ("HK", "Hong Kong", "Hongkong", "Hong Kong", "Hong Kong", "香港", "香港"),
        ("MO", "Macao", "Macau", "Macao", "Macao", "マカオ", "澳门"),
        ("TW", "Taiwan", "Taiwan", "Taiwán", "Taïwan", "台湾", "台湾"),
        ("XX", *["XX"] * 6),
        ("ZZ", *["ZZ"] * 6),
        ("(other)", *["(other)"] * 6),
    ),
)
def test_countries_have_their_usual_names(language, code, text):
    with translation.override(language):
        assert formatting.country(code) == text


@pytest.mark.parametrize(
    ("language", "code", "text"),
    table(
        ("de", "German", "Deutsch", "Alemán", "Allemand", "ドイツ語", "德语"),
        (
            "nb",
            "Norwegian Bokmål",
            "Norwegisch (Bokmål)",
            "Noruego bokmal",
            "Norvégien bokmål",
            "ノルウェー語(ブークモール)",
            "书面挪威语",
        ),
        ("iw", "Hebrew", "Hebräisch", "Hebreo", "Hébreu", "ヘブライ語", "希伯来语"),
        (
            "zh-TW",
            "Chinese (Traditional, Taiwan)",
            "Chinesisch (Traditionell, Taiwan)",
            "Chino (tradicional, Taiwán)",
            "Chinois (traditionnel, Taïwan)",
            "中国語 (繁体字, 台湾)",
            "中文 (繁体, 台湾)",
        ),
        ("xq", *["xq"] * 6),
        ("", *[""] * 6),
        ("not-a_code", *["not-a_code"] * 6),
    ),
)
def test_names_of_languages_have_a_capital(language, code, text):
    with translation.override(language):
        assert formatting.language(code) == text


@pytest.mark.parametrize(
    ("language", "words", "text"),
    table(
        ("", "", "", "", "", "", ""),
        ("a", "a", "a", "a", "a", "a", "a"),
        ("ab", "a and b", "a und b", "a y b", "a et b", "a、b", "a和b"),
        ("abc", "a, b and c", "a, b und c", "a, b y c", "a, b et c", "a、b、c", "a、b和c"),
    ),
)
def test_words_are_listed_as_the_language_does(language, words, text):
    with translation.override(language):
        assert formatting.listed(list(words)) == text


def test_another_language_is_written_by_its_own_rules_and_an_unknown_one_like_english():
    with translation.override("pl"):
        assert formatting.country("DE") == "Niemcy"
    with translation.override(None):
        assert formatting.country("DE") == "Germany"
    assert formatting.short(12_345, "xx") == "12.3K"


def test_cells_follow_the_language():
    with translation.override("de"):
        row = cells([1_234_567, 12, None])
    assert row.startswith(
        '<td title="1.234.567"><span aria-hidden="true">1,2\N{NO-BREAK SPACE}Mio.</span>'
        '<span class="visually-hidden exact">1.234.567</span></td><td>12</td><td class="unknown"'
    )


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (1, "1 sec"), (45.4, "45 secs"), (59.6, "1 min"), (61, "1 min"), (196, "3 mins 20 secs"), (597, "10 mins"),
        (1490, "25 mins"),
    ],
)  # fmt: skip
def test_a_duration_is_rounded_to_what_is_known(seconds, written):
    assert formatting.duration(seconds) == written


def test_a_duration_is_written_in_the_language_of_the_page():
    with translation.override("de"):
        assert (formatting.duration(196), formatting.durations(120, 240)) == ("3 Min. 20 Sek.", "2–4 Min.")
