"""URLs of the collector as ordinary Django views, for `runserver` and WSGI hosts."""

from django.urls import path, re_path

from collector.intake import health, views

urlpatterns = [
    re_path(r"^p/", views.pixel),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
