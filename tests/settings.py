"""The settings for tests: a temporary data directory, no `.env`, static files straight from the source tree."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_directory = tempfile.mkdtemp(prefix="footfall-tests-")
atexit.register(shutil.rmtree, _directory, ignore_errors=True)
os.environ["DATA_DIR"] = _directory
os.environ["ENV_FILE"] = os.devnull
if os.environ.get("CITUS_URL"):  # all tests then run there, on a database that is distributed
    os.environ["DATABASE_URL"] = os.environ["CITUS_URL"]

from telemetry_site.settings import *  # noqa: E402, F403
from telemetry_site.settings import DATABASES, MIDDLEWARE, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # thousands of times faster, and only for tests
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# It asks the database once in five minutes, which would count in whatever test opens a page. Its tests put it back.
# And a process's numbers need a thread, which tests that count threads don't expect.
MIDDLEWARE = [name for name in MIDDLEWARE if name.rpartition(".")[2] not in {"note_members", "timed"}]
SHARE_RATE_LIMIT = EXPORT_RATE_LIMIT = (0, 60)  # all tests use one address; tests of a limit set their own
STATIC_ROOT = Path(_directory) / "static"
STATIC_ROOT.mkdir()
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A real file: a database in memory would not test WAL or the locks between processes.
    DATABASES["default"]["TEST"] = {"NAME": Path(_directory) / "test.sqlite3"}
