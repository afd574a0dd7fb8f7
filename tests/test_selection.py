"""Tests that must run alone come last, in one process: after all files."""

import pytest

from tests.selection import group_of, is_about_the_database, must_run_alone


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


def test_the_tests_of_a_browser_are_a_group_as_they_share_a_server():
    files = ("tests/browser/test_pages.py", "tests/browser/test_embed.py")
    assert len({group_of(f"{file}::test_one[a]") for file in files}) == 1
    assert group_of("tests/browser/test_first_visit.py::test_one[@alone]") == group_of("tests/test_a.py::test[@alone]")


@pytest.mark.parametrize(
    ("marks", "is_about_it"),
    [
        ([], False),
        (["django_db"], True),
        (["django_db", "one_database"], False),
        (["django_db", "one_database", "every_database"], True),
        (["every_database"], False),
    ],
)
def test_a_mark_of_a_test_outweighs_that_of_its_file(request, marks, is_about_it):
    item = pytest.Function.from_parent(request.node.parent, name="test_of_marks", callobj=lambda: None)
    for mark in marks:
        item.add_marker(mark)
    assert is_about_the_database(item) is is_about_it
