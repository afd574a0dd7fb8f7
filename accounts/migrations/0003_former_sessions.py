"""Delete the sessions of Django's own table: nothing reads them any more, and they hold keys of browsers."""

from typing import Any

from django.db import migrations


def delete_former_sessions(apps: Any, schema_editor: Any) -> None:
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_sessions"), ("sessions", "0001_initial")]

    operations = [migrations.RunPython(delete_former_sessions, migrations.RunPython.noop)]
