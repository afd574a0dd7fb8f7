"""Every URL of the site."""

from django.contrib import admin
from django.urls import include, path

from dashboard import api

urlpatterns = [
    path("", include("collector.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", api.urls),
    path("", include("dashboard.urls")),
]
