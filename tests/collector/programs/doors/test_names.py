import pytest

from collector.programs.doors.names import declared_form, shown_name


@pytest.mark.parametrize(
    ("sent", "form"),
    [
        ("build", "build"), ("User Signed Up", "user_signed_up"), ("fileType", "file_type"),
        ("app.started", "app_started"),
        ("app-started", "app_started"), ("_x_", "x"), ("3d", ""), ("", ""), ("a" * 41, ""), ("ж", ""),
    ],
)  # fmt: skip
def test_a_name_is_read_as_a_declaration_would_write_it(sent, form):
    assert declared_form(sent) == form


@pytest.mark.parametrize(
    "sent",
    ["john@example.com", "/home/john/a.txt", "user_12345", "2026-11-30", "https://a.example", "a\nb", "", "x" * 61,
     "<script>", "$ip", "a=b"],
)  # fmt: skip
def test_a_name_that_may_be_a_value_is_not_told(sent):
    assert shown_name(sent) == ""


def test_other_names_are_told_as_they_would_be_declared():
    assert [shown_name(name) for name in ("plan", "Plan Type", "host.name", "v2")] == [
        "plan", "plan_type", "host_name", "v2",
    ]  # fmt: skip
