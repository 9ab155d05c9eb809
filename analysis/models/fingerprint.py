"""What telemetry adds to an incident's document."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from incidents.models import Incident


class Fingerprint(models.Model):
    """What telemetry adds to an incident's text for the similarity index."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="fingerprint")
    planned_at = models.DateTimeField(default=timezone.now)
    templates = models.JSONField(default=dict, blank=True, help_text="template id → template")
    metrics = models.JSONField(default=dict, blank=True, help_text="metric term → words")
    updated_at = models.DateTimeField(auto_now=True)
    checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the checks of the likely causes were asked."
    )

    class Meta:
        indexes = [
            models.Index(fields=["updated_at", "id"], name="fingerprint_live_tail"),
            GinIndex(fields=["templates"], name="fingerprint_templates"),
        ]

    def __str__(self) -> str:
        return f"Fingerprint of {self.incident.reference}"
