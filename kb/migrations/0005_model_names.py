"""Models get names of their own; their tables and columns stay as they are."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

RENAMED = {
    "Rule": ("NotificationRule", "kb_rule"),
    "Telling": ("NotificationDelivery", "kb_telling"),
    "Review": ("PostmortemReview", "kb_review"),
    "ChatRoom": ("IncidentChannel", "kb_chatroom"),
}


def rename_rights(apps, pairs):
    """Content types and permissions follow, so that rights that were granted stay granted."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    for old, new in pairs:
        old, new = old.lower(), new.lower()
        if ContentType.objects.filter(app_label="kb", model=new).exists():
            continue
        ContentType.objects.filter(app_label="kb", model=old).update(model=new)
        for permission in Permission.objects.filter(content_type__app_label="kb", content_type__model=new):
            action = permission.codename.removesuffix(f"_{old}")
            if action != permission.codename:
                permission.codename = f"{action}_{new}"
                permission.save(update_fields=["codename"])


def forwards(apps, schema_editor):
    rename_rights(apps, [(old, new) for old, (new, _) in RENAMED.items()])


def backwards(apps, schema_editor):
    rename_rights(apps, [(new, old) for old, (new, _) in RENAMED.items()])


NAMES = [
    operation
    for old, (new, table) in RENAMED.items()
    for operation in (migrations.RenameModel(old, new), migrations.AlterModelTable(new, table))
]
# Related names, labels and help texts: nothing of them is in the database.
FIELDS = [
    migrations.AlterModelOptions(
        name='notificationdelivery',
        options={'ordering': ['-pk'], 'verbose_name_plural': 'notification deliveries'},
    ),
    migrations.AlterField(
        model_name='incidentchannel',
        name='incident',
        field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chat_channels', to='incidents.incident'),
    ),
    migrations.AlterField(
        model_name='incidentchannel',
        name='workspace',
        field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='incident_channels', to='kb.workspace'),
    ),
    migrations.AlterField(
        model_name='notificationdelivery',
        name='event',
        field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notification_deliveries', to='incidents.event'),
    ),
    migrations.AlterField(
        model_name='notificationdelivery',
        name='rule',
        field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='kb.notificationrule'),
    ),
    migrations.AlterField(
        model_name='notificationrule',
        name='sev1_breaks_quiet',
        field=models.BooleanField(default=True, verbose_name='Send SEV1 during quiet hours'),
    ),
    migrations.AlterField(
        model_name='notificationrule',
        name='severity',
        field=models.CharField(choices=[('SEV1', 'SEV1 · most users cannot use a core flow'), ('SEV2', 'SEV2 · a core flow is degraded or a major feature is down'), ('SEV3', 'SEV3 · some users are affected, a way around exists'), ('SEV4', 'SEV4 · nobody feels it yet')], default='SEV4', help_text='Only incidents at least this severe.', max_length=4),
    ),
    migrations.AlterField(
        model_name='notificationrule',
        name='workspace',
        field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notification_rules', to='kb.workspace'),
    ),
    migrations.AlterField(
        model_name='notificationrule',
        name='zone',
        field=models.CharField(default='UTC', help_text='Time zone of the quiet hours.', max_length=60),
    ),
    migrations.AlterField(
        model_name='postmortemreview',
        name='reviewer',
        field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='postmortem_reviews', to=settings.AUTH_USER_MODEL),
    ),
    migrations.AlterField(
        model_name='postmortemreview',
        name='state',
        field=models.CharField(choices=[('asked', 'Requested'), ('approved', 'Approved'), ('changes', 'Changes requested')], default='asked', max_length=10),
    ),
]


class Migration(migrations.Migration):
    dependencies = [
        ("kb", "0004_chat"),
        ("incidents", "0007_catalogue"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[*NAMES, *FIELDS]),
        migrations.RunPython(forwards, backwards),
    ]
