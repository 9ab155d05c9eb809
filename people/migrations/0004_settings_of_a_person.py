"""A person sets a time zone for pages, and the columns of the list of incidents."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0003_audit_sending")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="time_zone",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Of the pages' times; empty: UTC.",
                max_length=60,
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="incident_columns",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Columns of the list of incidents, with commas; empty: the usual ones.",
                max_length=200,
            ),
        ),
    ]
