"""The collector as a Django application."""

from django.apps import AppConfig


class CollectorConfig(AppConfig):
    name = "collector"
    verbose_name = "Projects and pixels"

    def ready(self) -> None:
        from collector import checks  # noqa: F401  (registers them)
