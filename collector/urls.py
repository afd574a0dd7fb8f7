"""URLs of the collector as ordinary Django views, for `runserver` and WSGI hosts."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
