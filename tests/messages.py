"""Updates the translations: copies all messages of the code into the .po files, and compiles the .mo files from them.

Run with `python -m tests.messages`; it needs GNU gettext. The .mo files are in the repository because operators of a
server don't have gettext. The tests extract messages in the same way.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.utils.translation import to_locale

ROOT = Path(__file__).resolve().parent.parent
LOCALE = Path("telemetry_site", "locale")
SOURCES = ("accounts", "collector", "dashboard", "telemetry_site", "templates", "manage.py")
IGNORED = ("tests/*", "static/*", "data/*", "build/*", ".venv/*", "node_modules/*")

# makemessages copies the plural rules of Django, which have a third form for millions in some languages.
PLURALS = {
    "de": "nplurals=2; plural=(n != 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "ja": "nplurals=1; plural=0;",
    "zh-hans": "nplurals=1; plural=0;",
}

# Headers that change with every run, or that we don't use.
_USELESS_HEADER = re.compile(
    r'^"(?:Project-Id-Version|Report-Msgid-Bugs-To|\w+-\w+-Date|Last-Translator|Language-Team): .*\n',
    re.MULTILINE,
)


def po_of(language: str, root: Path = ROOT) -> Path:
    """Return the path of the .po file of a language."""
    return root / LOCALE / to_locale(language) / "LC_MESSAGES" / "django.po"


def read(path: Path) -> Catalog:
    """Read a .po file. Raises PoFileError."""
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def extracted(scratch: Path) -> Catalog:
    """Return all messages of the code. Works on a copy of the code in `scratch`."""
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, scratch / name, ignore=shutil.ignore_patterns("locale", "__pycache__"))
        else:
            shutil.copy(ROOT / name, scratch / name)
    (scratch / LOCALE).mkdir()
    make(["de"], scratch)
    return read(po_of("de", scratch))


def make(languages: list[str], root: Path = ROOT) -> None:
    """Copy all messages of the code at `root` into the .po files of `languages`. Raises CalledProcessError."""
    command = [sys.executable, "manage.py", "makemessages", "--no-location", "--no-obsolete", "--no-wrap"]
    command += [f"--locale={to_locale(language)}" for language in languages]
    command += [f"--ignore={pattern}" for pattern in IGNORED]
    subprocess.run(
        command, cwd=root, check=True, env={**os.environ, "DJANGO_SETTINGS_MODULE": "telemetry_site.settings"}
    )
    for language in languages:
        path = po_of(language, root)
        text = path.read_text("utf-8")
        text = _USELESS_HEADER.sub("", text[text.index('msgid ""') :])
        text = text.replace('"Language: \\n"', f'"Language: {to_locale(language)}\\n"')
        text = re.sub(r'(?<=^"Plural-Forms: ).*(?=\\n"$)', PLURALS[language], text, count=1, flags=re.MULTILINE)
        if PLURALS[language].startswith("nplurals=1"):
            text = re.sub(r'^msgstr\[1\] ""\n', "", text, flags=re.MULTILINE)
        path.write_text(text, "utf-8")


def compile_(path: Path) -> None:
    """Write the .mo file beside a .po file."""
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, read(path))


def main() -> None:
    """Update and compile the translations of all languages, and print how many messages each lacks."""
    import django
    from django.conf import settings

    django.setup()
    languages = [code for code, _ in settings.LANGUAGES if code != "en"]
    (ROOT / LOCALE).mkdir(exist_ok=True)
    make(languages)
    for language in languages:
        path = po_of(language)
        compile_(path)
        messages = [message for message in read(path) if message.id]
        untranslated = [message for message in messages if message.fuzzy or not all(_strings(message.string))]
        print(f"{path.relative_to(ROOT)}: {len(untranslated)} left to translate")


def _strings(string: object) -> tuple[str, ...]:
    """Return the translations of a message, one for each plural form."""
    return (string,) if isinstance(string, str) else tuple(string or ("",))  # type: ignore[arg-type]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")
    main()
