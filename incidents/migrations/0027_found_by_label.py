"""Search finds alerts and incidents by a label without reading the others."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("incidents", "0026_custom_fields")]

    operations = [
        AddIndexConcurrently(
            "alert",
            GinIndex(fields=["labels"], opclasses=["jsonb_path_ops"], name="alert_by_label"),
        ),
        AddIndexConcurrently(
            "incident",
            GinIndex(fields=["labels"], opclasses=["jsonb_path_ops"], name="incident_by_label"),
        ),
    ]
