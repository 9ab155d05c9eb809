"""A saved filter has columns of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0024_pager_acts")]

    operations = [
        migrations.AddField(
            model_name="savedfilter",
            name="columns",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="With commas; empty: those of the person.",
                max_length=200,
            ),
        ),
    ]
