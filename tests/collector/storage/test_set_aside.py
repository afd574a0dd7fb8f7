"""Spool lines that can't be used are kept with the reason, for a while."""

import json
from datetime import datetime, timedelta

import pytest

from collector.storage.drain import SET_ASIDE_FILE
from collector.storage.set_aside import delete_expired_lines
from tests.hits import drain

pytestmark = pytest.mark.django_db(transaction=True)


def test_lines_that_were_set_aside_go_after_30_days(tmp_path, pixel):
    (tmp_path / "segment.jsonl").write_text("no hit\n")
    drain(tmp_path)
    path = tmp_path / SET_ASIDE_FILE
    [first] = map(json.loads, path.read_text().splitlines())
    stored_at = datetime.fromisoformat(first["at"])
    old = json.dumps(first | {"at": (stored_at - timedelta(days=40)).isoformat()})
    without_moment = json.dumps({"line": "of a former version"})
    path.write_text(f"{without_moment}\n{old}\n{json.dumps(first)}\n")

    delete_expired_lines(path, stored_at + timedelta(days=29))
    assert path.read_text() == json.dumps(first) + "\n"

    delete_expired_lines(path, stored_at + timedelta(days=31))
    assert not path.exists()
    delete_expired_lines(path, stored_at + timedelta(days=32))
