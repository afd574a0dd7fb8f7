"""URLs of the health checks. Pixels have none: `collector.intake.middleware` recognises them, mangled ones too."""

from django.urls import path

from collector.intake import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
