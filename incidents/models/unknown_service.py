"""Service names that are missing from the catalogue."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UnknownService(models.Model):
    """A service name that was received but is unknown; listed until it is added or ignored."""

    class Where(models.TextChoices):
        ALERTS = "alerts", _("alerts")
        DEPLOYS = "deploys", _("deploys")
        CATALOGUE = "catalogue", _("dependencies of a catalogue or of traces")
        SOURCES = "sources", _("targets, workloads or traces of a source")

    name = models.CharField(max_length=100)
    where = models.CharField(max_length=20, choices=Where)
    telemetry_labels = models.CharField(
        max_length=500, blank=True, help_text="Labels that select its metrics and logs."
    )
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    ignored = models.BooleanField(default=False)

    class Meta:
        db_table = "incidents_seenname"
        ordering = ["-last_at", "name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), "where", name="seen_name_once"),
        ]

    @property
    def add_path(self) -> str:
        """The form that adds it, filled with what is known."""
        known = {"name": self.name, "telemetry_labels": self.telemetry_labels}
        query = urlencode({key: value for key, value in known.items() if value})
        return f"{reverse('incidents:service-new')}?{query}"

    def __str__(self) -> str:
        return self.name
