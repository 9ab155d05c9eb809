from django.db import migrations, models

from common.sealing import seal, unseal

NAME = 'header_value'


def seal_headers(apps, schema_editor):
    """A header's value is as secret as a password: it moves from the settings to the sealed."""
    for source in apps.get_model('analysis', 'Source').objects.filter(settings__has_key=NAME):
        try:
            secrets = unseal(source.sealed)
        except ValueError:
            # The former key may come back: what it opens stays, the API hides the value.
            continue
        value = source.settings[NAME]
        if not value:
            continue
        del source.settings[NAME]
        source.sealed = seal({**secrets, NAME: value})
        source.save(update_fields=['settings', 'sealed'])
    for past in apps.get_model('analysis', 'HistoricalSource').objects.filter(
        settings__has_key=NAME
    ):
        if past.settings.pop(NAME):
            past.save(update_fields=['settings'])


class Migration(migrations.Migration):

    dependencies = [
        ('analysis', '0008_follow_ups'),
    ]

    operations = [
        migrations.AddField(
            model_name='source',
            name='last_refusal',
            field=models.TextField(blank=True, editable=False, help_text='The last failure with what the server wrote; for those who manage sources.'),
        ),
        migrations.RunPython(seal_headers, migrations.RunPython.noop, elidable=True),
    ]
