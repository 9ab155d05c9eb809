from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0027_found_by_label")]

    operations = [
        migrations.AddField(
            model_name="customfield",
            name="needed_to_resolve",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="People can resolve an incident only once it is set. "
                "Alerts that end resolve it anyway.",
                verbose_name="needed to resolve",
            ),
        ),
    ]
