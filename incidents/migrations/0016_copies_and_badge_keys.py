from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0015_viewer_teams'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='digest',
            field=models.CharField(blank=True, help_text='SHA-256 of the body, to know a copy of it.', max_length=64),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('digest', ''), _negated=True), fields=['integration', 'digest'], name='delivery_copies'),
        ),
        migrations.AddField(
            model_name='service',
            name='badge_key',
            field=models.CharField(blank=True, editable=False, help_text='Part of the address of its badge; another one ends what was given out.', max_length=40),
        ),
    ]
