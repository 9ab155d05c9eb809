from django.db import migrations, models


def one_of_a_name(model: str, table: str) -> migrations.SeparateDatabaseAndState:
    name = f"{model}_name_once"
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "{name}" '
                f'ON "{table}" ("name") WHERE NOT "name" = \'\'',
                f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"',
            )
        ],
        state_operations=[
            migrations.AddConstraint(
                model,
                models.UniqueConstraint(
                    condition=models.Q(("name", ""), _negated=True),
                    fields=("name",),
                    name=name,
                    violation_error_message="There is another rule of this name.",
                ),
            )
        ],
    )


class Migration(migrations.Migration):
    # An index that is made beside the running version is made outside of a transaction.
    atomic = False
    dependencies = [("kb", "0013_names_of_rules")]

    operations = [
        one_of_a_name("channelrule", "kb_channelrule"),
        one_of_a_name("notificationrule", "kb_rule"),
    ]
