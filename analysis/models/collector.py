"""Saved queries that are pulled when an alert fires."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from analysis.models.source import Source


class Collector(models.Model):
    """A query to pull whenever an alert of this name fires: “pull this next time too”."""

    alert = models.CharField(max_length=200)
    source = models.ForeignKey(Source, models.CASCADE, related_name="collectors")
    what = models.CharField(max_length=100)
    query = models.TextField(max_length=5000)
    unit = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["alert", "what"]
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "source", "what"],
                name="collector_once",
                violation_error_message=_("This alert pulls that already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} on {self.alert}"
