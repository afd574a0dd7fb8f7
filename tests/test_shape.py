"""What the tree promises: which folder imports which, how long files and functions are, and which words we avoid."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 40
APPS = ("accounts", "collector", "dashboard")

# Each folder, and what it may import of ours: only what stands after it on the way of a hit
# (intake → spool → storage) or on the way of a view (views → report → visits), and what all share.
DATA = {"collector.models", "collector.classify", "collector.programs"}
AUDITED = DATA | {"collector.audit"}  # what people change by it is in the audit trail
MAY_IMPORT = {
    "accounts.passwords": DATA | {"collector.intake"},
    "accounts.models": {"collector.models"},
    "accounts.invitations": AUDITED | {"accounts.models", "accounts.names"},
    "accounts.second_factor": DATA | {"accounts.passwords"},
    "accounts.own": AUDITED | {"accounts.models", "accounts.names", "accounts.second_factor", "accounts.sessions"},
    "accounts.sessions": AUDITED | {"accounts.models", "collector.intake", "collector.numbers"},
    "accounts.login": AUDITED
    | {"accounts.invitations", "accounts.models", "accounts.passwords", "accounts.second_factor"}
    | {"accounts.names", "accounts.notices", "accounts.sessions"},
    "accounts.views": AUDITED
    | {
        "accounts.invitations",
        "accounts.login",
        "accounts.mails",
        "accounts.models",
        "accounts.notices",
        "accounts.own",
        "accounts.passwords",
        "accounts.second_factor",
        "accounts.sessions",
    }
    | {"collector.addresses", "collector.intake", "collector.snippets"},
    "accounts.admin": AUDITED
    | {"accounts.names", "accounts.notices", "accounts.own"}
    | {"accounts.passwords", "accounts.second_factor", "accounts.sessions"}
    | {"collector.addresses", "collector.admin", "collector.snippets"},
    "accounts.management": AUDITED | {"accounts.notices", "accounts.second_factor", "accounts.sessions"},
    # Its own modules: mails, names, notices …
    "accounts": DATA
    | {"accounts.login", "accounts.mails", "accounts.models", "accounts.views"}
    | {"collector.addresses", "collector.intake", "collector.snippets"},
    "collector.classify": set(),
    "collector.models": {"collector.classify"},
    "collector.programs": {"collector.models", "collector.classify"},
    "collector.badges": DATA | {"collector.numbers"},
    "collector.metrics": {"collector.models"},
    "collector.spool": DATA | {"collector.metrics"},
    "collector.storage": DATA | {"collector.spool", "collector.metrics"},
    "collector.intake": DATA | {"collector.badges", "collector.spool", "collector.storage", "collector.metrics"},
    "collector.operations": DATA
    | {"collector.intake", "collector.spool", "collector.storage", "collector.addresses", "collector.snippets"},
    "collector.admin": AUDITED
    | {"collector.addresses", "collector.intake", "collector.platform_picker", "collector.snippets"}
    | {"collector.time_zone_form"},
    "collector.management": DATA
    | {"collector.intake", "collector.spool", "collector.storage", "collector.addresses", "collector.snippets"}
    | {"collector.operations", "collector.metrics"},
    "collector.templatetags": set(),
    "collector": DATA | {"collector.intake", "collector.snippets"},  # its own modules: apps, urls, snippets …
    "dashboard.visits": DATA | {"collector.storage", "dashboard.formatting"},
    "dashboard.usage": DATA | {"dashboard.visits"},
    "dashboard.report": DATA | {"dashboard.visits", "dashboard.usage", "dashboard.formatting"},
    "dashboard.snippets": DATA
    | {"collector.addresses", "collector.platform_picker", "collector.snippets", "collector.storage"}
    | {"collector.badges", "dashboard.visits", "dashboard.formatting"},
    "dashboard.creation": AUDITED | {"collector.platform_picker", "collector.time_zone_form"},
    "dashboard.about": DATA | {"collector.storage", "dashboard.formatting"},
    "dashboard.views": AUDITED
    | {"dashboard.about", "collector.platform_picker"}
    | {"collector.intake", "collector.addresses", "collector.snippets", "collector.storage", "dashboard.formatting"}
    | {
        "dashboard.creation",
        "accounts.passwords",
        "dashboard.report",
        "dashboard.snippets",
        "dashboard.view_function",
        "dashboard.visits",
    }
    | {"dashboard.usage", "collector.operations"},
    "dashboard.api": DATA
    | {
        "accounts.passwords",
        "collector.intake",
        "collector.addresses",
        "collector.snippets",
        "collector.storage",
        "dashboard.view_function",
        "dashboard.visits",
    }
    | {"dashboard.usage"},
    "dashboard.templatetags": {"dashboard.formatting", "dashboard.report"},
    "dashboard": DATA | {"dashboard.views", "collector.numbers"},
}
SHARED_MODULES = {
    "accounts.mails",
    "accounts.names",
    "accounts.notices",
    "collector.addresses",
    "collector.audit",
    "collector.numbers",
    "collector.platform_picker",
    "collector.snippets",
    "collector.time_zone_form",
    "dashboard.formatting",
    "dashboard.view_function",
}  # beside the folders


def folder_of(module: str) -> str:
    """Return the folder that a dotted name belongs to: `collector.intake` for `collector.intake.receive`."""
    app, _, rest = module.partition(".")
    named = f"{app}.{rest.partition('.')[0]}"
    return named if named in MAY_IMPORT else app


def imported(path: Path) -> set[str]:
    """Return the modules of ours that a file imports, as dotted names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.partition(".")[0] in {*APPS, "telemetry_site"}}


def sources(*folders: str) -> list[Path]:
    """Return all Python files of ours below folders, migrations aside."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in paths if "migrations" not in path.parts]


def test_every_folder_imports_only_what_it_may_import():
    wrong = []
    for path in sources(*APPS):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        folder = folder_of(module)
        targets = {
            (name, ".".join(name.split(".")[:2]) if name.startswith(tuple(SHARED_MODULES)) else folder_of(name))
            for name in imported(path)
        }
        wrong += [
            f"{module} imports {name}"
            for name, target in sorted(targets)
            if target != folder and target not in MAY_IMPORT[folder]
        ]
    assert wrong == []


def test_every_folder_has_its_imports_listed():
    folders = {
        f"{app}.{path.name}"
        for app in APPS
        for path in (ROOT / app).iterdir()
        if (path / "__init__.py").exists() and path.name != "migrations"
    }
    assert folders <= set(MAY_IMPORT)


def test_no_file_is_too_long():
    folders = [*APPS, "telemetry_site", "templates", "static/css", "static/js", "tests"]
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.*"))]
    code = [path for path in paths if path.suffix in {".py", ".html", ".css", ".js"} and "migrations" not in path.parts]
    code = [path for path in code if path.parent.name != "client_templates"]  # a client is one file, however long
    lengths = {str(path.relative_to(ROOT)): path.read_text("utf-8").count("\n") for path in code}
    assert lengths
    assert {path: lines for path, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_too_long():
    long = []
    for path in sources(*APPS, "telemetry_site", "tests"):
        tree = ast.parse(path.read_text("utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        for function in functions:
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                long.append(f"{path.relative_to(ROOT)}: {function.name} has {lines} lines")
    assert long == []


SETTING_READ = re.compile(r"""(?:env\.\w+|environ\.get|whole_number|switch|one_of|rate)\(\s*["']([A-Z][A-Z_]+)["']""")


def settings_read() -> set[str]:
    """Return the names of the environment's settings that the code reads."""
    names: set[str] = set()
    for directory in ("telemetry_site", *APPS):
        for path in (ROOT / directory).rglob("*.py"):
            if path.parent.name == "client_templates":
                continue  # it reads the variables of other people's machines
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
        if path == ROOT / "templates" / "errors" / "page.html":  # its policy allows exactly this one
            text = text.replace("<style>{{ style }}</style>", "")
        assert "|safe" not in text, path
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text), path


def test_no_url_holds_a_word_that_ad_block_lists_match():
    for name in ("collector/urls.py", "collector/intake/targets.py", "collector/snippets.py"):
        text = (ROOT / name).read_text("utf-8")
        for url in re.findall(r"""["'](\^?/?p/[^"']*)["']""", text):
            assert not re.search("pixel|track|analytics|telemetry", url)


# Words that send a reader to the dictionary, and words that docs/glossary.md replaces.
AVOIDED = re.compile(
    r"\b(shall|whoever|whom|whomever|anew|thus|therein|thereof|hitherto|lest|single hits?)\b", re.IGNORECASE
)


@pytest.mark.parametrize("pattern", ["*.md", "*.py", "*.html", "*.js", "*.mjs", "*.go", "*.sh", "*.css", "*.toml"])
def test_no_text_of_ours_uses_a_word_that_we_avoid(pattern):
    folders = [*APPS, "telemetry_site", "templates", "tests", "docs", "static/js", "static/css"]
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob(pattern))] + sorted(ROOT.glob(pattern))
    quoting = {ROOT / "docs" / "glossary.md", ROOT / "tests" / "data" / "README.md", Path(__file__)}
    paths = [path for path in paths if path not in quoting and "migrations" not in path.parts]
    assert paths
    avoided = []
    for path in paths:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            words = [match.group() for match in AVOIDED.finditer(line)]
            avoided += [f"{path.relative_to(ROOT)}:{number}: {word}" for word in words]
    assert avoided == []


def test_no_stylesheet_sets_a_font_size_in_pixels():
    sizes = re.compile(r"\bfont(?:-size)?:[^;}]*\d(?:px|pt)\b")
    sheets = [path for path in sorted((ROOT / "static" / "css").glob("*.css")) if path.stem != "print"]
    assert {path.name: sizes.findall(path.read_text("utf-8")) for path in sheets} == {path.name: [] for path in sheets}
