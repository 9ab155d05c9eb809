"""Models are renamed (their tables stay), with the permissions on them; help texts are reworded."""

from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.contrib.contenttypes.models import ContentType
from django.db import migrations, models

RENAMED = {
    "answer": "readiness answer",
    "finding": "readiness finding",
    "item": "checklist item",
    "review": "readiness review",
    "historicalanswer": "historical readiness answer",
}
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
    renamed = types.filter(app_label="practice", model=old).first()
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
        ("analysis", "0005_groups_and_templates"),
        ("practice", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Item", "ChecklistItem"),
                migrations.AlterModelTable("ChecklistItem", "practice_item"),
                migrations.RenameModel("Review", "ReadinessReview"),
                migrations.AlterModelTable("ReadinessReview", "practice_review"),
                migrations.RenameModel("Answer", "ReadinessAnswer"),
                migrations.AlterModelTable("ReadinessAnswer", "practice_answer"),
                migrations.RenameModel("HistoricalAnswer", "HistoricalReadinessAnswer"),
                migrations.AlterModelTable("HistoricalReadinessAnswer", "practice_historicalanswer"),
                migrations.RenameModel("Finding", "ReadinessFinding"),
                migrations.AlterModelTable("ReadinessFinding", "practice_finding"),
                migrations.AlterModelOptions(
                    name='historicalreadinessanswer',
                    options={'get_latest_by': ('history_date', 'history_id'), 'ordering': ('-history_date', '-history_id'), 'verbose_name': 'historical readiness answer', 'verbose_name_plural': 'historical readiness answers'},
                ),
                migrations.AlterField(
                    model_name='capacity',
                    name='limit',
                    field=models.FloatField(default=1.0, help_text='The use at which it is full.'),
                ),
                migrations.AlterField(
                    model_name='capacity',
                    name='query',
                    field=models.TextField(help_text='PromQL of the use.'),
                ),
                migrations.AlterField(
                    model_name='engagement',
                    name='evidence',
                    field=models.TextField(blank=True, help_text='What shows that it was done. Required for done.', max_length=5000),
                ),
                migrations.AlterField(
                    model_name='historicalengagement',
                    name='evidence',
                    field=models.TextField(blank=True, help_text='What shows that it was done. Required for done.', max_length=5000),
                ),
                migrations.AlterField(
                    model_name='historicalslo',
                    name='numerator',
                    field=models.TextField(help_text='PromQL, events per second, with $window as the range. For latency, count what was fast enough: sum(rate(…_bucket{…,le="0.3"}[$window])).', verbose_name='query'),
                ),
                migrations.AlterField(
                    model_name='historicalslo',
                    name='source',
                    field=models.ForeignKey(blank=True, db_constraint=False, help_text='The Prometheus to query; empty means the first that is enabled.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='analysis.source'),
                ),
                migrations.AlterField(
                    model_name='historicalslo',
                    name='target',
                    field=models.DecimalField(decimal_places=4, default=Decimal('99.9'), help_text='Percent of events that must be good, such as 99.9.', max_digits=7, validators=[django.core.validators.MinValueValidator(Decimal('1')), django.core.validators.MaxValueValidator(Decimal('99.9999'))]),
                ),
                migrations.AlterField(
                    model_name='historicalslo',
                    name='total',
                    field=models.TextField(help_text='PromQL, events per second.', verbose_name='query of all events'),
                ),
                migrations.AlterField(
                    model_name='historicalverdict',
                    name='review_on',
                    field=models.DateField(blank=True, help_text='When to review this decision.', null=True),
                ),
                migrations.AlterField(
                    model_name='loadtest',
                    name='digest',
                    field=models.CharField(help_text='SHA-256 of what was posted.', max_length=64),
                ),
                migrations.AlterField(
                    model_name='readinessreview',
                    name='score',
                    field=models.FloatField(blank=True, help_text='Share of yes among what applied when it was closed.', null=True),
                ),
                migrations.AlterField(
                    model_name='slo',
                    name='numerator',
                    field=models.TextField(help_text='PromQL, events per second, with $window as the range. For latency, count what was fast enough: sum(rate(…_bucket{…,le="0.3"}[$window])).', verbose_name='query'),
                ),
                migrations.AlterField(
                    model_name='slo',
                    name='source',
                    field=models.ForeignKey(blank=True, help_text='The Prometheus to query; empty means the first that is enabled.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='analysis.source'),
                ),
                migrations.AlterField(
                    model_name='slo',
                    name='summary',
                    field=models.JSONField(default=dict, editable=False, help_text='Status at the last count.'),
                ),
                migrations.AlterField(
                    model_name='slo',
                    name='target',
                    field=models.DecimalField(decimal_places=4, default=Decimal('99.9'), help_text='Percent of events that must be good, such as 99.9.', max_digits=7, validators=[django.core.validators.MinValueValidator(Decimal('1')), django.core.validators.MaxValueValidator(Decimal('99.9999'))]),
                ),
                migrations.AlterField(
                    model_name='slo',
                    name='total',
                    field=models.TextField(help_text='PromQL, events per second.', verbose_name='query of all events'),
                ),
                migrations.AlterField(
                    model_name='verdict',
                    name='review_on',
                    field=models.DateField(blank=True, help_text='When to review this decision.', null=True),
                ),
            ],
        ),
        migrations.RunPython(rename_permissions, restore_permissions, elidable=False),
    ]
