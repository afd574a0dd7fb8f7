"""The whole site as one WSGI application, for hosts without ASGI. Here the pixel is an ordinary view."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telemetry_site.settings")
application = get_wsgi_application()
