"""Reading the dashboard's pages: their tables, links and charts."""

import json
import re
from html.parser import HTMLParser

from django.test import Client

PAGES = ["/", "/projects/blog/", "/projects/blog/{pixel}/"]
LIVE = ["/projects/blog/live/", "/projects/blog/{pixel}/live/"]
RANGES = ["today", "yesterday", "7d", "30d", "90d", "12m", "all"]


class Tables(HTMLParser):
    """Reads a page's panels: {data-panel: {label of a row: its cells}}, and its key figures.

    `panels` has the first cell of each row alone: its visits.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, list[str]]] = {}
        self.figures: dict[str, int] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._into: str | None = None
        self._skipped: str | None = None
        self.feed(page)

    @property
    def panels(self) -> dict[str, dict[str, str]]:
        return {key: {label: cells[0] for label, cells in rows.items()} for key, rows in self.rows.items()}

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if "data-panel" in attributes:
            self._panel = self.rows.setdefault(attributes["data-panel"], {})
        if "data-figure" in attributes:
            self.figures[attributes["data-figure"]] = int(attributes["data-value"])
        if attributes.get("class") in {"open", "trail", "mark", "visually-hidden exact"}:
            self._skipped = tag
        elif tag == "th" and attributes.get("scope") == "row":
            self._into, self._label = "label", ""
        elif tag == "td" and self._into == "cells":
            self._cells.append("")

    def handle_data(self, data):
        if self._skipped:
            return
        if self._into == "label":
            self._label += data
        elif self._into == "cells" and self._cells:
            self._cells[-1] += data.strip()

    def handle_endtag(self, tag):
        if self._skipped == tag:
            self._skipped = None
        elif tag == "th" and self._into == "label":
            self._into, self._cells = "cells", []
            self._panel[" ".join(self._label.split())] = self._cells
        elif tag == "tr":
            self._into = None


def painted(page: str, key: str) -> dict:
    """Return what scripts paint of a chart or map."""
    return json.loads(re.search(rf'<script id="{key}-data" type="application/json">(.*?)</script>', page)[1])


def get(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


def links(page: str) -> list[str]:
    return [str(attributes["href"]) for _, attributes in Tables(page).tags if "href" in attributes]
