"""Evidence that retention has reduced, and what it said in full."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analysis", "0009_sealed_headers"),
        ("incidents", "0020_indexes_of_age"),
    ]

    operations = [
        migrations.AddField(
            "evidence",
            "thinned_at",
            models.DateTimeField(
                blank=True,
                help_text="When retention reduced it to what findings show.",
                null=True,
            ),
        ),
        migrations.AddField(
            "evidence",
            "full_digest",
            models.CharField(
                blank=True, db_default="", help_text="Of what it was before.", max_length=64
            ),
        ),
        migrations.AddField(
            "evidence",
            "retained_because",
            models.CharField(
                blank=True,
                db_default="",
                help_text="Why retention left it in full: cited.",
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="ThinnedIncident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("rule", models.CharField(help_text="In words.", max_length=200)),
                (
                    "origins",
                    models.JSONField(
                        default=dict, help_text="Likely origins with their confidence."
                    ),
                ),
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="thinned",
                        to="incidents.incident",
                    ),
                ),
            ],
        ),
    ]
