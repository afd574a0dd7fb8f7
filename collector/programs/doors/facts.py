"""The facts of a report, from the words in which other SDKs say them: Darwin is macOS, aarch64 is arm64."""

import re
from collections.abc import Mapping
from functools import lru_cache

from collector.programs.forms import ARCHITECTURES, OTHER, RUNTIME, SYSTEMS, is_version

MAX_TEXT = 200  # characters of a fact that are read
_SYSTEMS = {
    **{name: name for name in SYSTEMS},
    "darwin": "macos", "mac os x": "macos", "mac os": "macos", "os x": "macos", "macintosh": "macos",
    "windows nt": "windows", "win32": "windows", "windows_nt": "windows",
    "iphone os": "ios", "ipados": "ios", "iphone": "ios", "ipad": "ios",
    # Distributions, as the crate os_info names them for Tauri.
    **dict.fromkeys(
        ("ubuntu", "debian", "fedora", "arch", "manjaro", "mint", "opensuse", "alpine", "gentoo", "nixos", "pop!_os"),
        "linux",
    ),
}  # fmt: skip
_ARCHITECTURES = {
    **{name: name for name in ARCHITECTURES},
    "x86_64": "x86-64", "amd64": "x86-64", "x64": "x86-64",
    "aarch64": "arm64", "arm32": "arm", "armv7l": "arm", "armv6l": "arm", "armv8l": "arm",
    "i386": "x86", "i486": "x86", "i586": "x86", "i686": "x86", "ia32": "x86",
}  # fmt: skip
_RUNTIMES = {"cpython": "python", "nodejs": "node", "node.js": "node"}
_NUMBERS = re.compile(r"v?([0-9]{1,3})(?:\.([0-9]{1,3}))?(?![0-9])")
_WORD = re.compile(r"[a-z]{1,12}")


def first_text(values: Mapping[str, object], *names: str) -> str:
    """Return the first of these values that is a text with something in it."""
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()[:MAX_TEXT]
    return ""


@lru_cache(maxsize=1024)
def version_of(text: str) -> str:
    """Return a version as clients report it: without a leading `v`, and without all from `+` on."""
    if not text:
        return ""
    version = text.removeprefix("v").partition("+")[0]
    return version if is_version(version) else OTHER


@lru_cache(maxsize=1024)
def system_of(text: str) -> str:
    """Return the name that reports use for an operating system."""
    name = text.lower()
    if not name:
        return ""
    return _SYSTEMS.get(name) or _SYSTEMS.get(name.split()[0]) or ("linux" if "linux" in name else OTHER)


@lru_cache(maxsize=1024)
def architecture_of(text: str) -> str:
    """Return the name that reports use for a processor architecture."""
    return _ARCHITECTURES.get(text.lower(), OTHER) if text else ""


@lru_cache(maxsize=1024)
def runtime_of(name: str, version: str) -> str:
    """Return a runtime as clients report it, such as python3.12 or node22; empty if it has no short name."""
    word = _WORD.match(_RUNTIMES.get(name.lower(), name.lower()))
    if word is None:
        return ""
    numbers = _NUMBERS.match(version)
    text = word[0]
    if numbers:
        is_by_major = text == "node"
        text += numbers[1] + (f".{numbers[2]}" if numbers[2] and not is_by_major else "")
    return text if RUNTIME.fullmatch(text) else ""
