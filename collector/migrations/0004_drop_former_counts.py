"""Drop the table of counts that `0003_move_counts` emptied into the new one."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("collector", "0003_move_counts")]

    operations = [migrations.DeleteModel("FormerDailyCount")]
