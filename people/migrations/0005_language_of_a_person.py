"""A person chooses the language of pages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0004_settings_of_a_person")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="language",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Of pages; empty: as the browser asks.",
                max_length=20,
            ),
        ),
    ]
