"""What the client for POSIX shell makes of values, days and wrong arguments."""

from bisect import bisect_right
from datetime import date, timedelta

import pytest

from collector.programs.forms import VERSION
from tests.clients.shell import SHELLS, SOURCE, START, ShellProgram


@pytest.mark.parametrize("shell", SHELLS)
def test_values_become_what_the_declaration_allows(shell, device, stub):
    """One shell for all values: what it makes of them is what Python makes of them."""
    program = ShellProgram(device, shell, stub.url)
    numbers = ["0", "-0", ".5", "0.5", "0.49999", "007", "2", "1.9999999999999999", "10", "+11", "-3", "-0.5", "1" * 30]
    versions = [
        "1.2.3",
        "2.5.0-rc1",
        "1.0a2",
        "1.0.0.0.0",
        "1.",
        "1234567",
        "1.0-rc.",
        "x",
        "1.0-alpha-12345678",
        "1.x",
        "1--2",
    ]
    code = "footfall__allowed=$footfall__line$footfall_fields$footfall__line\n"
    for number in numbers:
        code += f"footfall__as_bin build.seconds {number}; echo $footfall__value\n"
    for wrong in ["", "1e3", "1,5", "0x1", "1.2.3", "nan", "--1", "'1 '", "'*'"]:
        code += f"footfall__as_bin build.seconds {wrong or repr('')} && echo wrong\n"
    for version in versions:
        code += f"footfall__as_version {version}; echo $footfall__value\n"
    for by in (-400, -1, 0, 1, 59, 366, 4000):
        code += f"footfall__add_days 2026-11-25 {by}; echo $footfall__today\n"
    code += "footfall__as_value build.format 'html\nopen' && echo $footfall__value\n"

    printed = program.run(SOURCE + code + ":").splitlines()

    bins = [str(bisect_right([0.5, 2, 10], float(number))) for number in numbers]
    bins[numbers.index("1.9999999999999999")] = "1"  # which is 2.0 as a float
    clean = [version if VERSION.fullmatch(version) else "other" for version in versions]
    days = [(date(2026, 11, 25) + timedelta(by)).isoformat() for by in (-400, -1, 0, 1, 59, 366, 4000)]
    assert printed == [*bins, *clean, *days, "other"]


ODD = [
    "",
    "retired",
    "build=1",
    "'*'",
    "'build format=html'",
    "open undeclared=1",
    "build draft=1 seconds=abc",
    "build format=",
]


def test_wrong_arguments_report_nothing_undeclared(device, stub):
    program = ShellProgram(device, "dash", stub.url)
    program.tell()
    calls = "".join(f"footfall_record {arguments}\n" for arguments in ODD)
    code = f"set -eu\n{START}{calls}footfall_timer\nfootfall_timer x\nfootfall_start\nfootfall_start '$(true)'\n"
    program.run(code + "footfall_record 'open\nopen'\necho end")
    program.run(START, "2026-11-26")

    used = stub.reports()[1]["used"]
    assert [(use["event"], use["n"], use.get("p"), use.get("h")) for use in used] == [
        ("open", 1, None, None),
        ("build", 1, None, None),
        ("build", 1, {"format": "other"}, None),
    ]
