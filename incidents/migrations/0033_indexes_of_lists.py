"""Lists read from indexes alone what is hidden, late pages, and how many there are."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("incidents", "0032_more_heartbeats")]

    operations = [
        AddIndexConcurrently(
            "incident",
            models.Index(
                fields=["id"],
                include=["reporter"],
                name="incident_private_of",
                condition=models.Q(private=True),
            ),
        ),
        RemoveIndexConcurrently("incident", "incident_private"),
        AddIndexConcurrently(
            "incident",
            models.Index(
                fields=["-impact_started_at", "-id"],
                name="incident_resolved_newest_first",
                condition=models.Q(status="resolved"),
            ),
        ),
        AddIndexConcurrently(
            "incident",
            models.Index(fields=["severity", "status", "id"], name="incident_by_severity"),
        ),
        # Of the table between both, which is no model of its own.
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS incident_services_of_service "
            "ON incidents_incident_services (service_id, incident_id)",
            "DROP INDEX CONCURRENTLY IF EXISTS incident_services_of_service",
        ),
    ]
