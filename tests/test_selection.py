"""Tests that must run alone come last, in one process: after all files."""

import pytest

from tests.selection import group_of, must_run_alone


@pytest.mark.alone
@pytest.mark.parametrize("word", ["a", "b"])
def test_lone_tests_of_all_files_are_one_group(request, word):
    [group] = {group_of(nodeid) for nodeid in (request.node.nodeid, "tests/test_other.py::test_one[@alone]")}
    assert "tests/" not in group


def test_other_tests_of_a_file_are_a_group(request):
    for nodeid in ("tests/test_selection.py::test_one[a]", request.node.nodeid):
        assert group_of(nodeid) == "tests/test_selection.py"


@pytest.mark.alone
def test_lone_tests_come_last(request):
    lone = [must_run_alone(item) for item in request.session.items]
    assert lone == sorted(lone)
    assert lone[-1]
