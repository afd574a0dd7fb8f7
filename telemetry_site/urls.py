"""Every URL of the site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("collector.urls")),
    path("admin/", admin.site.urls),
    path("", include("dashboard.urls")),
]
