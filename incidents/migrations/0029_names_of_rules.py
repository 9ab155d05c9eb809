import django.core.validators
from django.db import migrations, models


def name_field() -> models.CharField:
    return models.CharField(
        blank=True,
        db_default="",
        default="",
        help_text="By which the API finds it again; may stay empty.",
        max_length=60,
        validators=[
            django.core.validators.RegexValidator(
                r"^[^/\s]([^/]*[^/\s])?$", "Leave out the slash."
            )
        ],
        verbose_name="name",
    )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0028_field_needed_to_resolve")]

    operations = [
        migrations.AddField("deployrule", "name", name_field()),
        migrations.AddField("heartbeatrule", "name", name_field()),
    ]
