"""Which incidents are hidden from somebody is read from an index alone."""

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
    ]
