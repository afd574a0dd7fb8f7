"""Every address of the site, with ids of what is there and of what is not, for each kind of user: never a 5xx."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.collector.admin.browsing import logged_in

pytestmark = pytest.mark.django_db
# Ids of nothing: unknown, larger than any integer of the database, of another type, and what Django's admin unquotes.
NUMBERS = ["0", "99999999999999999999999"]
TEXTS = ["nothing", "-1", "99999999999999999999999", "1,2", "_00", "%00", "%ff"]
SAMPLES = {"int": NUMBERS, "slug": ["nothing"], "str": TEXTS, "path": TEXTS}
_PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Yield the route of each address, such as `admin/r/<path:content_type_id>/<path:object_id>/`."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if isinstance(pattern, URLPattern):
            yield re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<path:\1>", route)
        else:
            yield from routes(pattern, route)


def addresses(route: str, known: str) -> Iterator[str]:
    """Yield a route with ids: all known, and each one in turn an id of nothing. `known` is the number of a pixel."""
    converters = [match["converter"] or "str" for match in _PARAMETER.finditer(route)]
    ids = ["blog" if converter == "slug" else known for converter in converters]
    yield _with_ids(route, ids)
    for position, converter in enumerate(converters):
        for sample in SAMPLES[converter]:
            yield _with_ids(route, [*ids[:position], sample, *ids[position + 1 :]])


def _with_ids(route: str, ids: list[str]) -> str:
    for value in ids:
        route = _PARAMETER.sub(value, route, count=1)
    return f"/{route}"


ROUTES = sorted(set(routes(get_resolver())))


def test_the_routes_are_those_of_the_site():
    assert {"", "login/", "admin/", "projects/<slug:slug>/<int:pixel_id>/", "healthz"} <= set(ROUTES)
    assert len(ROUTES) > 50


ONE = pytest.mark.one_database  # they reach the database with less
CLIENTS = ["superuser", "owner", *(pytest.param(who, marks=ONE) for who in ("viewer", "anonymous"))]


@pytest.fixture(params=CLIENTS)
def client(request) -> Client:
    if request.param == "anonymous":
        client = Client()
    elif request.param == "superuser":
        client = logged_in(User.objects.create_superuser("root"))
    else:
        client = logged_in(request.getfixturevalue(request.param))
    client.raise_request_exception = False
    return client


def failures(client: Client, method: str, known: str) -> dict[str, int]:
    """Return the addresses whose answer is a 5xx, with its status."""
    routes_to_try = [route for route in ROUTES if method == "GET" or route != "logout/"]
    answers = {
        address: client.generic(method, address).status_code
        for route in routes_to_try
        for address in addresses(route, known)
    }
    return {address: status for address, status in answers.items() if status >= 500}


def test_no_address_is_a_5xx(client, pixel):
    assert failures(client, "GET", str(pixel.pk)) == {}


def test_no_empty_form_is_a_5xx(client, pixel):
    assert failures(client, "POST", str(pixel.pk)) == {}


def test_the_admin_leads_to_no_object_by_content_type(client, pixel):
    for content_type in ContentType.objects.all():
        assert client.get(f"/admin/r/{content_type.pk}/{pixel.pk}/").status_code == 404
