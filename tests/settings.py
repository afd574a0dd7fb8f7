"""The site's settings for tests: data in a directory of their own, no `.env`, static files as they lie in the tree."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_directory = tempfile.mkdtemp(prefix="footfall-tests-")
atexit.register(shutil.rmtree, _directory, ignore_errors=True)
os.environ["DATA_DIR"] = _directory
os.environ["ENV_FILE"] = os.devnull

from telemetry_site.settings import *  # noqa: E402, F403
from telemetry_site.settings import DATABASES, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # thousands of times quicker, and only here
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
SHARE_RATE_LIMIT = (0, 60)  # all tests ask from one address; those of the limit set their own
STATIC_ROOT = Path(_directory) / "static"
STATIC_ROOT.mkdir()
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A real file: in memory neither WAL nor the locks of several processes would be tried.
    DATABASES["default"]["TEST"] = {"NAME": Path(_directory) / "test.sqlite3"}
