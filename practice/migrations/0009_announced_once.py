from django.db import migrations, models


class Migration(migrations.Migration):
    # An index that is made beside the running version is made outside of a transaction.
    atomic = False

    dependencies = [
        ('practice', '0008_announced_elsewhere'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "announcement_once" '
                    'ON "practice_announcement" ("external_id") WHERE NOT "external_id" = \'\'',
                    'DROP INDEX CONCURRENTLY IF EXISTS "announcement_once"',
                ),
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name='announcement',
                    constraint=models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('external_id',), name='announcement_once'),
                ),
            ],
        ),
    ]
