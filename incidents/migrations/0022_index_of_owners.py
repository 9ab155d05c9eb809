from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The incidents that have an owner, by owner: most old ones have none."""

    atomic = False
    dependencies = [("incidents", "0021_responders")]
    operations = [
        AddIndexConcurrently(
            "incident",
            models.Index(
                condition=models.Q(("owner", None), _negated=True),
                fields=["owner"],
                name="incident_owned",
            ),
        ),
    ]
