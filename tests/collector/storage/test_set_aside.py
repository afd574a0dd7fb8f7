"""Spool lines that can't be used are kept with the reason, for a while."""

import json
from datetime import datetime, timedelta

import pytest

from collector.storage.set_aside import SET_ASIDE_FILE, delete_expired_lines
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


@pytest.mark.parametrize(
    "line", ['{"own":7,"date":"2026-13-45T","visitor":4711,"at":1}\n', '{"own":7,"date":"2026-11-22","vis']
)
def test_of_a_members_line_no_visitor_is_kept(tmp_path, pixel, line):
    (tmp_path / "segment.jsonl").write_text(line)
    drain(tmp_path)

    [record] = map(json.loads, (tmp_path / SET_ASIDE_FILE).read_text().splitlines())
    assert record["line"] == '{"own":'
    assert "4711" not in str(record)
