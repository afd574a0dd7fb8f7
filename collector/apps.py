"""The collector as a Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class CollectorConfig(AppConfig):
    name = "collector"
    verbose_name = gettext_lazy("Projects and pixels")

    def ready(self) -> None:
        from django.conf import settings

        from collector import checks  # noqa: F401  (registers them)
        from collector.logs import log_what_nobody_caught

        if settings.LOG_FORMAT == "json":
            log_what_nobody_caught()
