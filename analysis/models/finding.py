"""What the analysis read from evidence."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analysis.models.evidence import Evidence
from incidents.models import Incident, Service


class Finding(models.Model):
    """What the analysis read from one item of evidence."""

    class Kind(models.TextChoices):
        LEFT_NORMAL = "left_normal", _("Left its normal range")
        NEW_TEMPLATE = "new_template", _("New log line")
        BURST = "burst", _("Burst of log lines")
        SILENT = "silent", _("Log line gone silent")
        CROSSED = "crossed", _("Crossed the threshold of its alert")
        TROUBLE = "trouble", _("More log lines of trouble")
        SLOWER = "slower", _("Requests take longer")
        FAILING = "failing", _("Requests fail")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="findings")
    evidence = models.ForeignKey(Evidence, models.CASCADE, related_name="findings")
    service = models.ForeignKey(Service, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField()
    onset = models.DateTimeField(null=True, blank=True)
    score = models.FloatField(help_text="How far from normal; larger is stronger.")
    term = models.CharField(max_length=200, help_text="How the similarity index knows it.")
    data = models.JSONField(default=dict, blank=True)
    found_at = models.DateTimeField(
        default=timezone.now, help_text="When it was first found; later pulls leave it."
    )

    class Meta:
        ordering = [F("onset").asc(nulls_last=True), "-score", "pk"]

    def __str__(self) -> str:
        return self.text
