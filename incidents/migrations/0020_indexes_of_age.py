"""Retention finds old rows without reading the others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("incidents", "0019_scheduled_runs")]

    operations = [
        AddIndexConcurrently("alert", models.Index(fields=["received_at"], name="alert_by_age")),
        AddIndexConcurrently(
            "alert",
            models.Index(
                fields=["incident", "name", "starts_at"], name="alert_of_incident_rule"
            ),
        ),
        AddIndexConcurrently("change", models.Index(fields=["started_at"], name="change_by_age")),
        AddIndexConcurrently("notice", models.Index(fields=["created_at"], name="notice_by_age")),
        AddIndexConcurrently(
            "timelineentry",
            models.Index(
                fields=["created_at"],
                name="timeline_to_forget",
                condition=models.Q(kind="alert", author=None, pinned=False, edited_at=None),
            ),
        ),
    ]
