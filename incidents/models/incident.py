"""Incidents. Constraints live in the database; `incidents/filing.py` holds the acts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.check_constraints import CheckConstraint
from incidents.models.service import Service
from incidents.models.times import refuse_impossible_times
from people.models import Team


def recorded(*times: str, prefix: str = "") -> Q:
    """Incidents none of whose `times` was guessed by an import; only these count in figures."""
    return ~Q(**{f"{prefix}guessed_times__has_any_keys": list(times)})


class Incident(models.Model):
    """Something that affected users or would have. Its reference is INC-<primary key>."""

    class Severity(models.TextChoices):
        SEV1 = "SEV1", _("SEV1 · most users cannot use a core flow")
        SEV2 = "SEV2", _("SEV2 · a core flow is degraded or a major feature is down")
        SEV3 = "SEV3", _("SEV3 · some users are affected, a way around exists")
        SEV4 = "SEV4", _("SEV4 · nobody feels it yet")

        def is_at_least(self, other: str) -> bool:
            """Whether this is as severe as `other` or more severe."""
            order: list[str] = type(self).values
            return order.index(str(self)) <= order.index(str(other))

        @classmethod
        def worst(cls, severities: Iterable[str]) -> str:
            """The most severe of some; empty where there are none."""
            found = set(severities)
            return next((each for each in cls.values if each in found), "")

    class Status(models.TextChoices):
        INVESTIGATING = "investigating", _("Investigating")
        IDENTIFIED = "identified", _("Identified")
        MITIGATED = "mitigated", _("Mitigated")
        RESOLVED = "resolved", _("Resolved")

    TIMES = ("impact_started_at", "detected_at", "acknowledged_at", "mitigated_at", "resolved_at")

    title = models.CharField(max_length=300)
    symptom = models.TextField(blank=True)
    resolution = models.TextField(blank=True, help_text="What ended it, in a sentence or two.")
    severity = models.CharField(max_length=4, choices=Severity, default=Severity.SEV3)
    status = models.CharField(max_length=20, choices=Status, default=Status.INVESTIGATING)
    impact_started_at = models.DateTimeField(default=timezone.now)
    detected_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    services = models.ManyToManyField(Service, related_name="incidents", blank=True)
    labels = models.JSONField(default=dict, blank=True)
    private = models.BooleanField(
        default=False,
        help_text="Only for you, people you add, and those who may see every private incident.",
    )
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_incidents",
        db_index=False,  # One of the few that have an owner is below.
        help_text="The incident commander: who coordinates the response.",
    )
    responders = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="incidents_worked_on", blank=True
    )
    watchers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="watched_incidents", blank=True
    )
    viewers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="shared_incidents", blank=True
    )
    viewer_teams = models.ManyToManyField(Team, related_name="shared_incidents", blank=True)
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="merged"
    )
    guessed_times = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        help_text="How an import guessed a time, by name of the time. No figure counts these.",
    )
    external_source = models.CharField(max_length=50, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    external_url = models.URLField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="english")
        + SearchVector("symptom", weight="B", config="english")
        + SearchVector("resolution", weight="C", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    history = HistoricalRecords(excluded_fields=["search"], m2m_fields=[services])

    class Meta:
        ordering = ["-impact_started_at", "-pk"]
        permissions = [("view_private_incident", "Can see every private incident")]
        indexes = [
            models.Index(fields=["-impact_started_at", "-id"], name="incident_newest_first"),
            models.Index(fields=["updated_at", "id"], name="incident_live_tail"),
            models.Index(fields=["owner"], name="incident_owned", condition=~Q(owner=None)),
            models.Index(
                fields=["id"],
                # Whose each is: what is hidden from somebody is read from the index alone.
                include=["reporter"],
                name="incident_private_of",
                condition=Q(private=True),
            ),
            models.Index(
                fields=["impact_started_at"],
                name="incident_open",
                condition=~Q(status="resolved"),
            ),
            # All that the list asks of them: late pages and counts read no rows.
            models.Index(
                fields=["-impact_started_at", "-id"],
                name="incident_resolved_newest_first",
                condition=Q(status="resolved"),
            ),
            models.Index(fields=["severity", "status", "id"], name="incident_by_severity"),
            GinIndex(fields=["search"], name="incident_search"),
            GinIndex(fields=["labels"], opclasses=["jsonb_path_ops"], name="incident_by_label"),
        ]
        constraints = [
            CheckConstraint(condition=~Q(title=""), name="incident_has_title"),
            CheckConstraint(
                condition=Q(severity__in=["SEV1", "SEV2", "SEV3", "SEV4"]),
                name="incident_severity_known",
            ),
            CheckConstraint(
                condition=Q(resolved_at=None) | Q(resolved_at__gte=F("impact_started_at")),
                name="incident_resolved_after_start",
                violation_error_message="“Resolved” lies before “impact started”.",
            ),
            CheckConstraint(
                condition=Q(mitigated_at=None) | Q(mitigated_at__gte=F("impact_started_at")),
                name="incident_mitigated_after_start",
                violation_error_message="“Mitigated” lies before “impact started”.",
            ),
            CheckConstraint(
                condition=~Q(status="resolved") | ~Q(resolved_at=None),
                name="incident_resolved_has_time",
                violation_error_message="A resolved incident needs its resolved time.",
            ),
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                condition=~Q(external_id=""),
                name="incident_external_id_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    def clean(self) -> None:
        refuse_impossible_times(self, self.TIMES)

    @property
    def reference(self) -> str:
        return f"INC-{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("incidents:incident", args=[self.pk])

    @property
    def merge_target(self) -> Incident:
        """The incident that this is part of by now; itself where it was not merged."""
        incident = self
        while incident.merged_into:
            incident = incident.merged_into
        return incident

    @property
    def is_open(self) -> bool:
        return self.status != self.Status.RESOLVED

    @property
    def has_measured_duration(self) -> bool:
        """Whether start and end are recorded, not guessed."""
        guessed = {"impact_started_at", "resolved_at"} & set(self.guessed_times)
        return self.resolved_at is not None and not guessed

    def duration(self, now: datetime | None = None) -> timedelta:
        """From impact start to resolution, or to now while it is open."""
        return (self.resolved_at or now or timezone.now()) - self.impact_started_at
