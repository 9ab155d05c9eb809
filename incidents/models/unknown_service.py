"""Service names that the catalogue lacks."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class SeenName(models.Model):
    """A name that came from outside. It is offered until a service bears it or it is ignored."""

    class Where(models.TextChoices):
        ALERTS = "alerts", "alerts"
        DEPLOYS = "deploys", "deploys"
        CATALOGUE = "catalogue", "dependencies of a catalogue or of traces"

    name = models.CharField(max_length=100)
    where = models.CharField(max_length=20, choices=Where)
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    ignored = models.BooleanField(default=False)

    class Meta:
        ordering = ["-last_at", "name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), "where", name="seen_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
