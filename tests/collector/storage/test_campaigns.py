"""Campaigns: the `utm_…` parameters of pages, counted by the drain and again from stored hits."""

import pytest

from collector.models import DailyCount, Page
from collector.storage import name_caps
from collector.storage.campaigns import PARAMETERS, campaign_of, with_campaign
from collector.storage.rebuild import rebuild
from tests.hits import counts, drain, hit, spool

DAY = "2026-11-22"
PAGE = "https://a.example/b"


@pytest.mark.parametrize(
    ("query", "campaign"),
    [
        ("?utm_source=Newsletter&utm_medium=e-mail", {"utm_source": "newsletter", "utm_medium": "e-mail"}),
        ("?utm_campaign=Spring+sale%21", {"utm_campaign": "spring sale!"}),
        ("?utm_term=%C3%84pfel&utm_content=a%2Fb&utm_id=7", {"utm_term": "äpfel", "utm_content": "a/b", "utm_id": "7"}),
        ("?utm_source=first&utm_source=second", {"utm_source": "first"}),
        ("?utm_source=%20&utm_medium=x", {"utm_medium": "x"}),
        ("?utm_source=a%00%0Ab%FF", {"utm_source": "a b\N{REPLACEMENT CHARACTER}"}),
        ("?source=a&utm_other=b", {}),
        ("", {}),
    ],
)
def test_campaign_parameters_are_decoded_and_lower_case(query, campaign):
    found = campaign_of(PAGE + query)

    assert {PARAMETERS[dimension]: value for dimension, value in found} == campaign
    assert campaign_of(with_campaign(PAGE + query, found)) == found


def test_visits_count_by_campaign_and_again_from_stored_pages(take, project, pixel):
    take(
        hit(pixel, visitor=1, page=f"{PAGE}?utm_campaign=Spring&utm_source=news"),
        hit(pixel, visitor=1, page=f"{PAGE}?utm_campaign=spring"),
        hit(pixel, visitor=2, page=PAGE),
        hit(pixel, visitor=3, page=f"{PAGE}?utm_campaign=bots", agent="Googlebot/2.1"),
        hit(pixel, visitor=1, page=f"{PAGE}?utm_campaign=ends", is_end=True),
    )
    key = (DAY, "a.example", "spring")

    assert counts("utm_campaign") == counts("utm_campaign", pixel.pk) == {key: (2, 1)}
    assert counts("utm_source") == {(DAY, "a.example", "news"): (1, 1)}
    before = set(DailyCount.objects.values_list())
    DailyCount.objects.all().delete()
    rebuild(project)
    assert set(DailyCount.objects.values_list()) == before


def test_invented_campaigns_are_bounded_and_what_was_counted_before_stays(tmp_path, project, pixel, monkeypatch):
    monkeypatch.setattr(name_caps, "MAX_NAMES", 3)
    spool(tmp_path, (hit(pixel, page=f"{PAGE}?utm_source={number}&utm_medium=x") for number in range(5)))
    drain(tmp_path)
    spool(tmp_path, (hit(pixel, page=f"{PAGE}?utm_source={number}&utm_medium=x") for number in range(5)))
    drain(tmp_path)  # it starts again, and reads from the counts what was admitted

    assert {value: hits for (_, _, value), (hits, _) in counts("utm_source").items()} == {
        "0": 2, "1": 2, "2": 2, "(other)": 4,
    }  # fmt: skip
    assert counts("utm_medium") == {(DAY, "a.example", "x"): (10, 1)}
    assert Page.objects.filter(url=f"{PAGE}?utm_source=(other)&utm_medium=x").exists()
