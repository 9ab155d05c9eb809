"""How often each cause occurred is counted from an index alone."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("kb", "0014_rules_of_one_name")]

    operations = [
        AddIndexConcurrently(
            "causelink",
            models.Index(fields=["cause", "state", "incident"], name="causelink_of_cause"),
        ),
    ]
