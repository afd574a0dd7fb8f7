"""The whole site as one ASGI application: the collector answers its own paths, Django all others."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")
django_application = get_asgi_application()

from collector.intake.asgi import collector_first  # noqa: E402  (models need Django to be set up)

application = collector_first(django_application)
