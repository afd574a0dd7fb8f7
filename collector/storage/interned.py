"""Distinct user agents and pages: each string has one row, created when it is first seen.

Rows are created in a transaction of their own, before the one that stores the hits. If that one fails, unused rows may
stay until `delete_unused_strings` deletes them, and the memory of this process stays correct.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from django.db import transaction
from django.db.models import Model

from collector.classify.agents import Agent, parse_agent, refined
from collector.classify.pages import page_host
from collector.models import Page
from collector.storage.bulk_sql import chunks, columns_from_json, write_rows

Stored = TypeVar("Stored")  # what is remembered of a row
Texts = tuple[str, ...]  # the columns of a row, without id and digest
MAX_REMEMBERED = 50_000  # strings
HOST_FOLLOWS = "\n"  # between the URL and the host of a key; no URL contains it
HINTS_FOLLOW = "\n"  # between string and hints of a key; no header's value contains it
_INSERT = "/* interned.insert */ INSERT INTO {table} (digest, {columns}) {rows} ON CONFLICT DO NOTHING"
_ROWS_POSTGRESQL = "SELECT decode(digest, 'base64'), {columns} FROM {json} AS row (digest, {columns})"


class DistinctStrings(Generic[Stored]):
    """One table of distinct strings, with the `MAX_REMEMBERED` that were used last in memory.

    `columns` are those of the table after the digest. `stored` makes what is remembered of a row from its id and those
    of `facts`.
    """

    def __init__(
        self,
        model: type[Model],
        columns: tuple[str, ...],
        facts: tuple[str, ...],
        stored: Callable[[tuple[Any, ...]], Stored],
    ) -> None:
        self._model = model
        self._facts: tuple[str, ...] = facts
        names, table = ", ".join(columns), model._meta.db_table
        rows = _ROWS_POSTGRESQL.format(columns=names, json=columns_from_json(1 + len(columns)))
        self._insert_postgresql = _INSERT.format(table=table, columns=names, rows=rows)
        self._insert_sqlite = _INSERT.format(table=table, columns=names, rows=f"VALUES (%s{', %s' * len(columns)})")
        self._stored: Callable[[tuple[Any, ...]], Stored] = stored
        self._remembered: OrderedDict[str, Stored] = OrderedDict()

    def find(self, strings: Collection[str]) -> dict[str, Stored]:
        """Return what is stored of those strings that have a row. No query if all were seen before."""
        found = self._recall(strings)
        unknown = {digest(string): string for string in strings if string not in found}
        return found | self._read(unknown) if unknown else found

    def store(self, rows: Mapping[str, Texts]) -> dict[str, Stored]:
        """Return what is stored of strings, and create the rows that are missing.

        No query if all were seen before, else one to create them, and one for each 900 strings to read their ids.
        """
        found = self._recall(rows)
        missing = {digest(string): string for string in rows if string not in found}
        while missing:  # usually once: another process may delete an unused row before we read its id
            self._insert([(key, *rows[missing[key]]) for key in sorted(missing)])  # so two drains never deadlock
            found |= self._read(missing)
            missing = {key: string for key, string in missing.items() if string not in found}
        return found

    def forget(self) -> None:
        """Read every string again next time, because some were deleted."""
        self._remembered.clear()

    def _recall(self, strings: Iterable[str]) -> dict[str, Stored]:
        """Return what is remembered of strings."""
        found: dict[str, Stored] = {}
        for string in strings:
            remembered = self._remembered.get(string)
            if remembered is not None:
                found[string] = remembered
                self._remembered.move_to_end(string)
        return found

    def _insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of a digest and texts, but none that another drain inserted first.

        Django's models would take five times as long.
        """
        with transaction.atomic():
            write_rows(self._insert_postgresql, self._insert_sqlite, rows)

    def _read(self, strings: Mapping[bytes, str]) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        for digests in chunks(sorted(strings)):
            rows = self._model._default_manager.filter(digest__in=digests)
            for key, *values in rows.values_list("digest", "pk", *self._facts):
                string = strings[bytes(key)]
                found[string] = self._remembered[string] = self._stored(tuple(values))
        while len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return found


def digest(string: str) -> bytes:
    """Return the 16 bytes that a distinct string is looked up by."""
    return hashlib.blake2b(string.encode(), digest_size=16).digest()


def judge(string: str, hints: str) -> tuple[str, Agent]:
    """Return what an agent's row is looked up by, and the agent. Hints that add nothing are no part of the key."""
    plain = parse_agent(string)
    agent = with_hints(plain, hints) if hints else plain
    return string if agent == plain else f"{string}{HINTS_FOLLOW}{hints}", agent


def with_hints(agent: Agent, hints: str) -> Agent:
    """Return an agent as refined by client hints such as `?0 Android`, or `agent` itself."""
    mobile, _, platform = hints.partition(" ")
    return refined(agent, mobile=mobile, platform=platform)


class PageStrings:
    """The table of pages. A hit needs only the id of a page.

    A URL may be followed by `HOST_FOLLOWS` and a host: pages over a cap share the URL `(other)`, and keep their host if
    it is one of a catalogue or of the project's sites.
    """

    def __init__(self) -> None:
        self._table: DistinctStrings[int] = DistinctStrings(Page, ("url", "host"), (), lambda values: int(values[0]))

    def ids(self, urls: Iterable[str]) -> dict[str, int]:
        """Return the id of each page, and store new ones. No query if all were seen before."""
        wanted = set(urls)
        found = self._table.find(wanted)
        new = {key: _page(key) for key in wanted - found.keys()}
        return found | self._table.store(new) if new else found

    def forget(self) -> None:
        self._table.forget()


def _page(key: str) -> Texts:
    url, _, host = key.partition(HOST_FOLLOWS)
    return url, host or page_host(url)
