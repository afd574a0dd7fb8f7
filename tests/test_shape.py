"""What the tree promises: who imports whom, and that every setting is explained."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("collector", {"dashboard", "telemetry_site"}), ("dashboard", {"telemetry_site"})],
)
def test_imports_go_one_way(package, forbidden):
    modules = sorted((ROOT / package).rglob("*.py"))
    assert modules
    assert {str(module): imported(module) & forbidden for module in modules if imported(module) & forbidden} == {}


SETTING_READ = re.compile(r"""(?:env\.\w+|environ\.get|whole_number|switch|one_of|rate)\(\s*["']([A-Z][A-Z_]+)["']""")


def settings_read() -> set[str]:
    """Return the names of the environment's settings that the code reads."""
    names: set[str] = set()
    for directory in ("telemetry_site", "collector", "dashboard"):
        for path in (ROOT / directory).rglob("*.py"):
            names |= set(SETTING_READ.findall(path.read_text("utf-8")))
    return names


def test_every_setting_is_explained_in_the_readme_and_the_example():
    names = settings_read()
    assert {"DATABASE_URL", "DATA_DIR", "TELEMETRY_ADMIN_PASSWORD", "TRUSTED_PROXIES"} <= names
    readme = (ROOT / "README.md").read_text("utf-8")
    example = (ROOT / ".env.example").read_text("utf-8")
    assert {name for name in names if f"| `{name}`" not in readme} == set()
    assert {name for name in names - {"ENV_FILE"} if f"{name}=" not in example} == set()


def test_no_template_marks_text_as_safe_or_runs_inline_script():
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text("utf-8")
        assert "|safe" not in text, path
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text), path


def test_no_url_holds_a_word_that_ad_block_lists_match():
    for name in ("collector/urls.py", "collector/intake/receive.py", "collector/snippets.py"):
        text = (ROOT / name).read_text("utf-8")
        for url in re.findall(r"""["'](\^?/?p/[^"']*)["']""", text):
            assert not re.search("pixel|track|analytics|telemetry", url)
