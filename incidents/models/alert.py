"""Alerts as monitors sent them."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from common.check_constraints import CheckConstraint
from incidents.models.incident import Incident
from incidents.models.service import Service


class Alert(models.Model):
    """One firing rule as a monitor sent it; `fingerprint` and `starts_at` make it one episode."""

    class Status(models.TextChoices):
        FIRING = "firing", _("Firing")
        RESOLVED = "resolved", _("Resolved")

    source = models.CharField(max_length=50)
    fingerprint = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    description = models.TextField(
        blank=True, help_text="What its sender writes beyond the summary."
    )
    links = models.JSONField(
        default=list, blank=True, help_text="Pairs of label and address: runbook, dashboard, panel."
    )
    severity = models.CharField(max_length=50, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.FIRING)
    labels = models.JSONField(default=dict, blank=True)
    service = models.ForeignKey(
        Service, models.SET_NULL, null=True, blank=True, related_name="alerts"
    )
    incident = models.ForeignKey(
        Incident, models.SET_NULL, null=True, blank=True, related_name="alerts"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    last_received_at = models.DateTimeField(
        null=True, blank=True, help_text="When its sender last sent it."
    )
    group_key = models.CharField(max_length=500, blank=True)
    url = models.URLField(max_length=1000, blank=True)
    query = models.TextField(
        max_length=5000, blank=True, help_text="The expression of its rule, as its sender gave it."
    )
    joined_because = models.CharField(
        max_length=300, blank=True, help_text="Why it is part of its incident, or of none."
    )
    opens_at = models.DateTimeField(
        null=True, blank=True, help_text="When it opens an incident if it still fires."
    )

    class Meta:
        ordering = ["-starts_at", "-pk"]
        indexes = [
            models.Index(
                fields=["opens_at"], name="alert_to_open", condition=Q(opens_at__isnull=False)
            ),
            models.Index(fields=["incident"], name="alert_firing", condition=Q(status="firing")),
            models.Index(fields=["name", "-starts_at"], name="alert_of_rule"),
            models.Index(fields=["received_at"], name="alert_by_age"),
            models.Index(fields=["incident", "name", "starts_at"], name="alert_of_incident_rule"),
            GinIndex(fields=["labels"], opclasses=["jsonb_path_ops"], name="alert_by_label"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "fingerprint", "starts_at"], name="alert_episode_once"
            ),
            CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
                name="alert_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name
