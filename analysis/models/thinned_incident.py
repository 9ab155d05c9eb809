"""Incidents whose evidence retention has reduced."""

from __future__ import annotations

from django.db import models

from incidents.models import Incident


class ThinnedIncident(models.Model):
    """What full evidence said of an incident, stored when it was reduced by a rule."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="thinned")
    at = models.DateTimeField()
    rule = models.CharField(max_length=200, help_text="In words.")
    origins = models.JSONField(default=dict, help_text="Likely origins with their confidence.")

    def __str__(self) -> str:
        return f"Thinned evidence of {self.incident.reference}"
