#!/usr/bin/env python
"""Run a management command; `manage.py up` starts everything on one machine."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")
    try:
        # Django would report a broken settings module as an unknown command. Imported here, the error is shown.
        import telemetry_site.settings  # noqa: F401
    except ImproperlyConfigured as error:
        sys.exit(f"Wrong setting: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
