"""Which time zone people mean by what they type."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from collector.classify.time_zones import (
    _catalogue,
    available_time_zones,
    find_time_zone,
    suggest_time_zones,
    time_zone_names,
)
from collector.models.validators import read_timezone


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("new york", "America/New_York"),
        ("  NEW   York, NY ", "America/New_York"),
        ("york", "America/New_York"),
        ("berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin, Germany", "Europe/Berlin"),
        ("calcutta", "Asia/Kolkata"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("kolkata", "Asia/Kolkata"),
        ("us eastern", "America/New_York"),
        ("US/Eastern", "America/New_York"),
        ("PST", "America/Los_Angeles"),
        ("Sao Paulo", "America/Sao_Paulo"),
        ("são paulo", "America/Sao_Paulo"),
        ("buenos aires", "America/Argentina/Buenos_Aires"),
        ("Munich", "Europe/Berlin"),
        ("japan", "Asia/Tokyo"),
        ("utc", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Etc/GMT-2", "Etc/GMT-2"),
    ],
)
def test_a_zone_is_found_by_what_people_call_it(typed, zone):
    assert find_time_zone(typed) == zone


@pytest.mark.parametrize(
    ("language", "typed", "zone"),
    [
        ("de", "Wien", "Europe/Vienna"),
        ("de", "vienna", "Europe/Vienna"),
        ("es", "Nueva York", "America/New_York"),
        ("fr", "Japon", "Asia/Tokyo"),
        ("ja", "東京", "Asia/Tokyo"),
        ("zh-hans", "上海", "Asia/Shanghai"),
        ("tlh", "berlin", "Europe/Berlin"),
    ],
)
def test_cities_and_countries_are_understood_in_the_readers_language(language, typed, zone):
    assert find_time_zone(typed, language) == zone


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("berln", ["Europe/Berlin"]),
        ("utc+2", ["Europe/Berlin", "Europe/Athens", "Africa/Johannesburg"]),
        ("+05:30", ["Asia/Kolkata"]),
        ("gmt+13", ["Pacific/Auckland"]),  # and not Etc/GMT-13, in whose name the sign is the other way round
        ("gmt", ["UTC", "Europe/London"]),
        ("EST", ["America/New_York", "America/Panama"]),
        ("germany", ["Europe/Berlin", "Europe/Busingen"]),
        ("kirit", ["Pacific/Kiritimati"]),
    ],
)
def test_what_may_be_meant_is_suggested_and_not_chosen(typed, suggested):
    assert find_time_zone(typed) is None
    assert suggest_time_zones(typed) == suggested


@pytest.mark.parametrize(
    "typed", ["", " ", "-", "a", "12", "😀", "utc+99", "Mars/Phobos", "localtime", "Factory", "x" * 9999]
)
def test_nonsense_means_no_zone(typed):
    assert find_time_zone(typed) is None
    assert suggest_time_zones(typed) == []


def test_every_zone_is_found_by_its_own_name():
    names = time_zone_names()
    assert {name for name in names if find_time_zone(name) != name} == set()
    assert {"Europe/Berlin", "Asia/Kolkata", "UTC"} < set(names)
    assert not {"Asia/Calcutta", "US/Eastern", "Etc/GMT-2", "EST", "localtime"} & set(names)


def test_the_catalogue_names_zones_that_exist():
    assert {zone for zones in _catalogue().values() for zone in zones} <= available_time_zones()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("berln", "“berln” is not a time zone. Did you mean one of these? Europe/Berlin"),
        ("utc+2", "“utc+2” is an offset from UTC"),
        ("xyzzy", "“xyzzy” is not a time zone. Write one like Europe/Berlin"),
    ],
)
def test_an_error_says_what_to_write_instead(typed, words):
    with translation.override("en"), pytest.raises(ValidationError) as error:
        read_timezone(typed)
    assert words in error.value.messages[0]
