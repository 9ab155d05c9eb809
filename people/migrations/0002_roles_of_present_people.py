"""People of an earlier version may do what they could: nobody had to have a role then."""

from django.conf import settings
from django.db import migrations


def assign_roles(apps, schema_editor):
    User = apps.get_model(*settings.AUTH_USER_MODEL.split("."))
    RoleGrant = apps.get_model("people", "RoleGrant")
    with_role = RoleGrant.objects.values("user_id")
    for user in User.objects.exclude(pk__in=with_role).order_by("pk"):
        # Staff could make tokens for everything and use Django's admin.
        role = "administrator" if user.is_superuser or user.is_staff else "editor"
        RoleGrant.objects.create(user=user, role=role)


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(assign_roles, migrations.RunPython.noop)]
