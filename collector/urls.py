"""URLs of health checks and metrics. Pixels have none: `collector.intake.middleware` knows them, mangled ones too."""

from django.urls import path

from collector.intake import health, metrics

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
