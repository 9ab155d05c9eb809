"""Runs of a cause's checks for one incident."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from common.leased_jobs import LeasedJob
from incidents.models import Incident
from kb.models import Check


class CheckRun(LeasedJob):
    """A check run for an incident. `holds` is empty until its source has answered."""

    check_asked = models.ForeignKey(Check, models.CASCADE, related_name="runs")
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="check_runs")
    holds = models.BooleanField(null=True)
    value = models.FloatField(null=True)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="check_to_run",
                condition=Q(state__in=["waiting", "claimed"]),
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["check_asked", "incident"], name="check_run_once"),
        ]

    def __str__(self) -> str:
        return f"{self.check_asked} for {self.incident.reference}"
