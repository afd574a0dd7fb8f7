import pytest

from collector.programs.doors.facts import architecture_of, runtime_of, system_of, version_of
from collector.programs.forms import ARCHITECTURES, RUNTIME, SYSTEMS


@pytest.mark.parametrize(
    ("sent", "version"),
    [
        ("2.4.1", "2.4.1"), ("v2.4.1", "2.4.1"), ("2.4.1+build.7", "2.4.1"), ("2.5.0-rc1", "2.5.0-rc1"),
        ("", ""), ("main@john", "other"), ("1.2.3.4.5", "other"),
    ],
)  # fmt: skip
def test_a_version_is_what_clients_would_report(sent, version):
    assert version_of(sent) == version


@pytest.mark.parametrize(
    ("sent", "system"),
    [
        ("Linux", "linux"), ("darwin", "macos"), ("Mac OS X", "macos"), ("Windows", "windows"),
        ("Windows 11", "windows"),
        ("iOS", "ios"), ("iPadOS", "ios"), ("Android", "android"), ("FreeBSD", "freebsd"), ("Arch Linux", "linux"),
        ("Ubuntu", "linux"), ("Solaris", "other"), ("", ""),
    ],
)  # fmt: skip
def test_a_system_is_one_of_those_of_reports(sent, system):
    assert system_of(sent) == system
    assert system in {*SYSTEMS, ""}


@pytest.mark.parametrize(
    ("sent", "architecture"),
    [("x86_64", "x86-64"), ("AMD64", "x86-64"), ("aarch64", "arm64"), ("arm64", "arm64"), ("ia32", "x86"),
     ("armv7l", "arm"), ("riscv64", "riscv64"), ("iPhone14,2", "other"), ("", "")],
)  # fmt: skip
def test_an_architecture_is_one_of_those_of_reports(sent, architecture):
    assert architecture_of(sent) == architecture
    assert architecture in {*ARCHITECTURES, ""}


@pytest.mark.parametrize(
    ("name", "version", "runtime"),
    [
        ("CPython", "3.12.1", "python3.12"), ("PyPy", "7.3", "pypy7.3"), ("nodejs", "22.4.0", "node22"),
        ("node", "v20.1.0", "node20"), ("go", "go1.22", "go"), ("python", "", "python"), ("", "3.12", ""),
        ("OpenJDK Runtime Environment", "21", "openjdk21"), ("cpython", "3.12345", "python3"), ("π", "3", ""),
    ],
)  # fmt: skip
def test_a_runtime_has_a_name_and_at_most_two_numbers(name, version, runtime):
    assert runtime_of(name, version) == runtime
    assert not runtime or RUNTIME.fullmatch(runtime)
