"""Which stored pages count as a page, a host or a campaign that a filter names.

A page has many addresses (`collector.classify.pages`), so the database only narrows them down, and the rules decide.
"""

from collections.abc import Callable, Iterator

from django.db.models import Q

from collector.classify.pages import CountedPage, counted_page
from collector.classify.platforms import OTHER
from collector.classify.sites import Sites, bare_host
from collector.classify.viewers import spellings
from collector.models import Page
from collector.storage.campaigns import PARAMETERS, campaign_of, campaign_value
from collector.storage.countable import stored_page


def pages_counted_as(label: str, sites: Sites) -> list[int]:
    """Return the ids of the pages with this label. One query.

    A label that former rules made, such as one with `www.`, also finds what it counts as today.
    """
    today = counted_page(f"https://{label}", sites)
    labels = {label, today.label}
    if label == OTHER:
        return list(Page.objects.filter(url=OTHER).values_list("pk", flat=True))
    beside_path = Q(url__contains=_plain_part(today.label)) | Q(url__contains="%")
    candidates = (_on_host(today.host, sites) & beside_path) | Q(url=label)
    return list(_matching(candidates, sites, lambda page: page.label in labels))


def pages_on_host(host: str, sites: Sites) -> list[int]:
    """Return the ids of the pages of a host. One query."""
    of_host = _on_host(host, sites) | Q(url=OTHER, host__in=sites.hosts_beside(host))
    return list(_matching(of_host, sites, lambda page: page.host == host))


def pages_of_campaign(dimension: int, value: str) -> list[int]:
    """Return the ids of the pages with this campaign parameter in their address. One query."""
    pages = Page.objects.filter(url__contains=f"{PARAMETERS[dimension]}=").values_list("pk", "url")
    wanted = (dimension, campaign_value(value))
    return [pk for pk, url in pages.iterator() if wanted in campaign_of(url)]


def host_today(host: str, sites: Sites) -> str:
    """Return the host that one counts as today, which former rules may have counted otherwise."""
    return sites.canonical(bare_host(host))


def _matching(candidates: Q, sites: Sites, is_wanted: Callable[[CountedPage], bool]) -> Iterator[int]:
    for pk, url, host in Page.objects.filter(candidates).values_list("pk", "url", "host").iterator():
        if is_wanted(stored_page(url, host, sites)):
            yield pk


def _on_host(host: str, sites: Sites) -> Q:
    """Return a condition that all pages of a host meet, and some others."""
    condition = Q()
    for other in sites.hosts_beside(host):
        for spelling in spellings(other):
            condition |= Q(url__icontains=spelling)
    return condition


def _plain_part(label: str) -> str:
    """Return what is in all addresses of a label, besides those with escapes: the longest segment of its path."""
    return max(label.split("/")[1:], key=len, default="").partition("%")[0]
