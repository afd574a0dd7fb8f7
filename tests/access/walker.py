"""Makes one request as one person, and says in a word how it was answered and whether it changed anything."""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.test import Client

AUDIT_TRAIL = "collector_auditentry"
# What logging in, wrong passwords and exports write: nothing that people can change.
UNCOUNTED = {"accounts_session", "collector_trycount", AUDIT_TRAIL}
WRITES = re.compile(r"""(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)""")
VARYING = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|(?:Content-Length|Expires): .*')


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `text` is everything that the person gets to see: headers, body and messages.

    `word` is the status. Instead of 302 it is `login` where the answer leads to the login, and `gone` where the admin
    leads to its start because there is no such object. It ends with `!` if the request changed something. `is_recorded`
    tells whether the audit trail has an entry of it.
    """

    word: str
    text: str
    tables: frozenset[str]
    headers: Mapping[str, str]
    cookies: tuple[str, ...]  # as `Set-Cookie` says them
    is_recorded: bool


def ask(
    client: Client, method: str, path: str, data: dict[str, str], before_undo: Callable[[], None] = lambda: None
) -> Answer:
    """Make a request, and undo what it changed."""
    cookies = SimpleCookie(client.cookies)
    written: set[str] = set()
    with _undone(), connection.execute_wrapper(_recorder(written)):
        response: Any = client.get(path, query_params=data) if method == "GET" else client.post(path, data)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        before_undo()
    client.cookies = cookies
    tables = frozenset(written - UNCOUNTED)
    messages = [str(message) for message in get_messages(response.wsgi_request)]
    seen = [*(f"{name}: {value}" for name, value in response.items()), body.decode(), *messages]
    set_cookies = tuple(morsel.OutputString() for morsel in response.cookies.values())
    word = _word(response) + ("!" if tables else "")
    return Answer(word, "\n".join(seen), tables, response.headers, set_cookies, AUDIT_TRAIL in written)


def _word(response: Any) -> str:
    target = response.headers.get("Location", "").partition("?")[0]
    if target in {"/login/", "/admin/login/"} and response.status_code == 302:
        return "login"
    if target == "/admin/" and response.status_code == 302:
        return "gone"
    return str(response.status_code)


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _recorder(written: set[str]) -> Callable[..., Any]:
    """Return a wrapper of all statements that notes the tables in which they changed rows."""

    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = run(sql, params, many, context)
        match = WRITES.search(sql)
        if match and (match[1].startswith("INSERT") or context["cursor"].rowcount != 0):
            written.add(match[2])
        return result

    return execute


def without(text: str, *names: object) -> str:
    """Return an answer without these names, and without what differs from answer to answer."""
    text = VARYING.sub("", text)
    for name in sorted(map(str, names), key=len, reverse=True):
        text = text.replace(html.escape(name), "…").replace(name, "…")
    return text
