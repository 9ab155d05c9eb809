from django.db import migrations

# Alertmanager repeats an alert every 4 to 12 hours unless configured otherwise.
MINUTES = 13 * 60
PATTERNS = ("*E2eDeadManSwitch", "AlwaysFiring")


def add_rules(apps, schema_editor):
    """Two more names under which common rule sets let an alert fire on purpose."""
    rules = apps.get_model("incidents", "HeartbeatRule").objects
    for pattern in PATTERNS:
        rules.get_or_create(pattern=pattern, integration=None, defaults={"interval": MINUTES})


class Migration(migrations.Migration):

    dependencies = [("incidents", "0031_push_notifications")]

    operations = [migrations.RunPython(add_rules, migrations.RunPython.noop)]
