"""Retention finds evidence that is still in full."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("analysis", "0010_thinned_evidence")]

    operations = [
        AddIndexConcurrently(
            "evidence",
            models.Index(
                fields=["incident"],
                name="evidence_in_full",
                condition=models.Q(retained_because="", thinned_at=None),
            ),
        ),
    ]
