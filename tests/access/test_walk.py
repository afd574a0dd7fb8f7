"""Walks every URL, every action of the admin and every operation of the API, as everybody, as the tables say."""

import logging
from collections.abc import Iterator
from itertools import zip_longest
from pprint import pformat

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from dashboard.api import api
from tests.access.table import PARAMETER, Row, missing, rows
from tests.access.walker import Answer, ask, without
from tests.access.world import AS_NOBODY, OUTSIDERS, PEOPLE, World, make_world

ROUTES_OF_API = "api/v1/"
NOT_OPERATIONS = {"", "openapi.json", "<path:rest>"}
UNRELATED = (*OUTSIDERS, "nobody", "foreign", "revoked", "forged")
# Everything that a query may name an object by. Lists of the admin refuse all but their filters, which have rows.
QUERY_OF_LISTS = {"q": "{animal}"}
QUERY = QUERY_OF_LISTS | {
    "project": "{project}", "article": "{article}", "pixel": "{article}", "all": "articles", "platform": "{animal}",
    "token": "{article_token}", "key": "{link_key}", "user": "{owner}",
}  # fmt: skip

# Changes and downloads that are nobody's concern but the user's, or that everybody may have.
UNRECORDED = {
    "i18n/setlang/",
    "account/data.json",
    "about/<str:token>/<slug:panel>.csv",
    "about/<str:token>/TELEMETRY.md",
    "projects/<slug:slug>/<int:pixel_id>/client/<slug:language>/",
    "projects/<slug:slug>/snippets.csv",
}


@pytest.fixture
def world(db, settings) -> Iterator[World]:
    """Make the world once for all requests of a test: each of them undoes what it changes."""
    settings.API_RATE_LIMIT = (0, 60)
    logging.disable(logging.WARNING)  # a line for each of a thousand refusals
    yield make_world()
    logging.disable(logging.NOTSET)


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Yield the route of each view below these patterns."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def ask_as(world: World, person: str, row: Row, estate: str = "ours") -> Answer:
    """Ask for the object of one of the two projects, or for one that does not exist (`missing`)."""
    facts = missing(world.ours.facts) if estate == "missing" else getattr(world, estate).facts
    return ask(world.clients[person], row.method, row.path(facts), row.data(facts))


def ask_and_look(
    world: World, person: str, method: str, path: str, data: dict[str, str]
) -> tuple[Answer, list[object]]:
    """Make a request, and return also what our project is like just before its changes are undone."""
    states: list[list[object]] = []
    answer = ask(world.clients[person], method, path, data, before_undo=lambda: states.append(world.ours.state()))
    return answer, states[0]


def strangers_of(row: Row) -> tuple[str, ...]:
    """Return who gets an answer at this address, though nothing of ours."""
    if row.route.startswith(ROUTES_OF_API):
        return ("foreign",)
    return ("staff",) if row.route.startswith("admin/") else OUTSIDERS


def is_missing(row: Row, answer: Answer) -> bool:
    """Say whether an answer is a change or an export that the audit trail should have, and has not."""
    is_export = answer.word == "200" and "attachment" in answer.headers.get("Content-Disposition", "")
    return row.route not in UNRECORDED and bool(is_export or answer.tables) and not answer.is_recorded


def first_difference(one: str, other: str) -> tuple[str, str]:
    pairs = zip_longest(one.splitlines(), other.splitlines(), fillvalue="")
    return next(((left, right) for left, right in pairs if left != right), ("", ""))


def test_every_url_has_a_row_and_every_row_has_a_url():
    assert {row.route for row in rows()} == set(routes(get_resolver().url_patterns))


def test_every_action_of_the_admin_has_a_row_and_every_action_of_a_row_exists():
    request = RequestFactory().get("/admin/")
    request.user = User(is_active=True, is_staff=True, is_superuser=True)
    actions = {
        (f"admin/{model._meta.app_label}/{model._meta.model_name}/", action)
        for model, model_admin in admin.site._registry.items()
        for action in model_admin.get_actions(request)
    }
    assert {(row.route, row.fields["action"]) for row in rows() if "action" in row.fields} == actions


def test_every_operation_of_the_api_has_a_row_and_every_row_is_an_operation():
    paths = api.get_openapi_schema(path_prefix=f"/{ROUTES_OF_API}")["paths"]
    operations = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    of_api = [row for row in rows() if row.route.startswith(ROUTES_OF_API)]
    asked = [row for row in of_api if row.route.removeprefix(ROUTES_OF_API) not in NOT_OPERATIONS]
    assert {(row.method, "/" + PARAMETER.sub(r"{\1}", row.route)) for row in asked} == operations


@pytest.mark.one_database
def test_everybody_gets_what_the_table_says_nobody_sees_what_is_not_theirs_and_changes_are_recorded(world):
    wrong: dict[str, object] = {}
    for row in rows():
        answers = {person: ask_as(world, person, row) for person in (*PEOPLE, *AS_NOBODY)}
        expected = {**row.answers, **dict.fromkeys(AS_NOBODY, row.answers["nobody"])}
        surprises = {
            person: f"{answer.word}, not {expected[person]}"
            for person, answer in answers.items()
            if answer.word != expected[person]
        }
        named = [world.ours.facts[name] for name in row.named_facts()]
        shown = {who: world.ours.betrayals(without(answers[who].text, *named)) for who in UNRELATED}
        if row.is_public:
            shown = {}
        surprises |= {person: "not in the audit trail" for person in PEOPLE if is_missing(row, answers[person])}
        if surprises or any(shown.values()):
            wrong[str(row)] = surprises | {who: marks for who, marks in shown.items() if marks}
    assert not wrong, pformat(wrong, width=150)


@pytest.mark.one_database
def test_what_others_own_is_answered_like_what_does_not_exist(world):
    names = [*world.ours.facts.values(), *missing(world.ours.facts).values()]
    wrong: dict[str, object] = {}
    for row in rows():
        if row.is_public or row.is_known or not row.named_facts():
            continue
        for person in strangers_of(row):
            theirs, nothing = ask_as(world, person, row), ask_as(world, person, row, "missing")
            texts = without(theirs.text, *names), without(nothing.text, *names)
            if theirs.word != nothing.word or texts[0] != texts[1]:
                wrong[f"{row} as {person}"] = (theirs.word, nothing.word, first_difference(*texts))
    assert not wrong, pformat(wrong, width=150)


def test_a_request_about_ones_own_project_reaches_no_other_one(world):
    before = world.ours.state()
    wrong: dict[str, object] = {}
    for row in rows():
        is_list = row.route.startswith("admin/") and not row.route.endswith("add/")
        query = row.data(world.theirs.facts) | (QUERY_OF_LISTS if is_list else QUERY)
        given = query if row.method == "GET" else row.data(world.ours.facts)
        data = {name: value.format_map(world.ours.facts) for name, value in given.items()}
        for person in strangers_of(row):
            answer, after = ask_and_look(world, person, row.method, row.path(world.theirs.facts), data)
            marks = world.ours.betrayals(without(answer.text, *data.values()))
            if marks or after != before or answer.word == "400":
                wrong[f"{row} as {person}"] = (answer.word, marks, [row for row in after if row not in before])
    assert not wrong, pformat(wrong, width=150)


def test_an_article_is_found_only_in_the_project_of_its_address(world):
    """Not even by a superuser: what is on the page would belong to two projects."""
    wrong = {}
    for row in rows():
        if {"slug", "pixel_id"} <= set(row.parameters):
            person = "token" if row.route.startswith(ROUTES_OF_API) else "root"
            facts = {**world.theirs.facts, "slug": world.ours.facts["slug"]}
            answer = ask(world.clients[person], row.method, row.path(facts), row.data(facts))
            if answer.word != "404":
                wrong[str(row)] = answer.word
    assert not wrong, pformat(wrong, width=150)


def test_an_address_that_takes_forms_has_a_row_with_a_form(world):
    """The admin aside: Django's pages show themselves whatever they are sent."""
    with_forms = {row.route for row in rows() if row.method == "POST"}
    taken = set()
    for row in rows():
        if row.route not in with_forms and not row.route.startswith("admin/"):
            for person in ("root", "owner"):
                if ask(world.clients[person], "POST", row.path(world.ours.facts), {}).word not in {"404", "405"}:
                    taken.add(row.route)
    assert taken == set()


def test_an_address_changes_nothing_by_a_method_that_has_no_row(world):
    methods = {row.route: {each.method for each in rows() if each.route == row.route} for row in rows()}
    wrong = {}
    for row in rows():
        other = "GET" if row.method == "POST" else "POST"
        if other not in methods[row.route]:
            facts = world.ours.facts
            for person in ("root", "owner", "nobody", "token"):
                answer = ask(world.clients[person], other, row.path(facts), row.data(facts))
                if answer.tables or answer.word.startswith("5"):
                    wrong[f"{other} /{row.route} as {person}"] = (answer.word, answer.tables)
    assert not wrong, pformat(wrong, width=150)
