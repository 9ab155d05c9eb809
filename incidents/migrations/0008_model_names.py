"""Two models are renamed (their tables stay), with the permissions on them; texts are reworded."""

from decimal import Decimal

import django.db.models.deletion
from django.contrib.contenttypes.models import ContentType
from django.db import migrations, models

from incidents.models import addresses_only

RENAMED = {"keptanswer": "idempotent response", "seenname": "unknown service"}
"""Former model name → the new one, in words."""


def rename_permissions(apps, schema_editor):
    for old, words in RENAMED.items():
        _rename(apps, schema_editor.connection.alias, old, words.replace(" ", ""), words)
    ContentType.objects.clear_cache()


def restore_permissions(apps, schema_editor):
    for old, words in RENAMED.items():
        _rename(apps, schema_editor.connection.alias, words.replace(" ", ""), old, old)
    ContentType.objects.clear_cache()


def _rename(apps, using, old, new, words):
    """Rename a content type and its permissions in place: users and groups that hold them still do."""
    types = apps.get_model("contenttypes", "ContentType").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    renamed = types.filter(app_label="incidents", model=old).first()
    if renamed is None:
        return
    renamed.model = new
    renamed.save()
    for action in ("add", "change", "delete", "view"):
        permissions.filter(content_type_id=renamed.pk, codename=f"{action}_{old}").update(
            codename=f"{action}_{new}", name=f"Can {action} {words}"
        )


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0007_catalogue"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("KeptAnswer", "IdempotentResponse"),
                migrations.AlterModelTable("IdempotentResponse", "incidents_keptanswer"),
                migrations.RenameModel("SeenName", "UnknownService"),
                migrations.AlterModelTable("UnknownService", "incidents_seenname"),
                migrations.AlterField(
                    model_name='delivery',
                    name='sender_id',
                    field=models.CharField(help_text="The sender's id of it: a repeated request is stored once.", max_length=200),
                ),
                migrations.AlterField(
                    model_name='deployrule',
                    name='ignore',
                    field=models.BooleanField(default=False, verbose_name='is not a change'),
                ),
                migrations.AlterField(
                    model_name='deployrule',
                    name='pattern',
                    field=models.CharField(help_text='Name of the job; * matches anything: deploy-*', max_length=200, unique=True),
                ),
                migrations.AlterField(
                    model_name='deployrule',
                    name='service',
                    field=models.ForeignKey(blank=True, help_text="Empty: the text that * matches is the service's name.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='incidents.service'),
                ),
                migrations.AlterField(
                    model_name='event',
                    name='planned_at',
                    field=models.DateTimeField(blank=True, help_text='When the notification rules were evaluated for it.', null=True),
                ),
                migrations.AlterField(
                    model_name='historicalincident',
                    name='private',
                    field=models.BooleanField(default=False, help_text='Only for you, people you add, and those who may see every private incident.'),
                ),
                migrations.AlterField(
                    model_name='historicalservice',
                    name='dashboards',
                    field=models.TextField(blank=True, help_text='One address per line.', validators=[addresses_only]),
                ),
                migrations.AlterField(
                    model_name='historicalservice',
                    name='on_call',
                    field=models.CharField(blank=True, help_text='Who is paged: a rota, or its address.', max_length=200, verbose_name='on-call'),
                ),
                migrations.AlterField(
                    model_name='historicalservice',
                    name='repositories',
                    field=models.TextField(blank=True, help_text='One address per line.', validators=[addresses_only]),
                ),
                migrations.AlterField(
                    model_name='incident',
                    name='private',
                    field=models.BooleanField(default=False, help_text='Only for you, people you add, and those who may see every private incident.'),
                ),
                migrations.AlterField(
                    model_name='integration',
                    name='service',
                    field=models.ForeignKey(blank=True, help_text='For events that name no known service.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='incidents.service'),
                ),
                migrations.AlterField(
                    model_name='integrationsecret',
                    name='hint',
                    field=models.CharField(help_text='How it ends, to recognise it.', max_length=8),
                ),
                migrations.AlterField(
                    model_name='service',
                    name='dashboards',
                    field=models.TextField(blank=True, help_text='One address per line.', validators=[addresses_only]),
                ),
                migrations.AlterField(
                    model_name='service',
                    name='on_call',
                    field=models.CharField(blank=True, help_text='Who is paged: a rota, or its address.', max_length=200, verbose_name='on-call'),
                ),
                migrations.AlterField(
                    model_name='service',
                    name='repositories',
                    field=models.TextField(blank=True, help_text='One address per line.', validators=[addresses_only]),
                ),
                migrations.AlterField(
                    model_name='tierpolicy',
                    name='paging',
                    field=models.TextField(blank=True, help_text='Who is paged, when, and how fast.'),
                ),
                migrations.AlterField(
                    model_name='tierpolicy',
                    name='target',
                    field=models.DecimalField(decimal_places=4, default=Decimal('99.5'), help_text='Percent, for objectives of services without a target of their own.', max_digits=7, verbose_name='availability'),
                ),
                migrations.AlterField(
                    model_name='timelineentry',
                    name='hidden',
                    field=models.BooleanField(default=False, help_text='Stored, but not shown.'),
                ),
            ]
        ),
        migrations.RunPython(rename_permissions, restore_permissions),
    ]
