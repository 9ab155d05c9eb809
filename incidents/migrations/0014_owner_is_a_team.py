"""Teams become records: the owner of a service, and the limit of a token."""

import django.db.models.deletion
from django.db import migrations, models


COLUMNS = [
    ("incidents_service", "owner_team", "owner_id"),
    ("incidents_historicalservice", "owner_team", "owner_id"),
    ("incidents_apitoken", "team", "team_id"),
]
"""Table, column of the name, and key of the team in its place."""
MODELS = ["service", "historicalservice", "apitoken"]


def forgotten(table, model, column):
    """The column stays, so that the version before still finds it; new rows leave it empty."""
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT ''",
                f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT",
            )
        ],
        state_operations=[migrations.RemoveField(model, column)],
    )


def name_teams(apps, schema_editor):
    """One team for each name in use; names that differ in case only are one team."""
    Team = apps.get_model("people", "Team")
    by_name = {team.name.lower(): team for team in Team.objects.all()}

    def named(name):
        key = name.strip().lower()
        if key and key not in by_name:
            by_name[key] = Team.objects.create(name=name.strip())
        return by_name.get(key)

    for table, column, key in COLUMNS:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} <> ''")
            for (name,) in cursor.fetchall():
                if team := named(name):
                    cursor.execute(
                        f"UPDATE {table} SET {key} = %s WHERE {column} = %s", [team.pk, name]
                    )


def owner(**options):
    return models.ForeignKey(
        blank=True, help_text="The team that owns it.", null=True, to="people.team", **options
    )


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_initial"),
        ("incidents", "0013_guessed_times"),
    ]

    operations = [
        *(forgotten(table, model, column) for (table, column, _), model in zip(COLUMNS, MODELS)),
        migrations.AddField(
            "service",
            "owner",
            owner(on_delete=django.db.models.deletion.SET_NULL, related_name="services"),
        ),
        migrations.AddField(
            "historicalservice",
            "owner",
            owner(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
            ),
        ),
        migrations.AddField(
            "apitoken",
            "team",
            models.ForeignKey(
                blank=True,
                help_text="Only incidents of this team's services.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="people.team",
            ),
        ),
        migrations.RunPython(name_teams, migrations.RunPython.noop),
    ]
