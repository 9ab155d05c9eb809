"""What happened. Constraints live in the database; acts live in filing.py and services.py."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from simple_history.models import HistoricalRecords

from incidents.access import ApiToken, KeptAnswer
from incidents.events import Event
from incidents.intake import (
    Delivery,
    DeployRule,
    Integration,
    IntegrationSecret,
    MaintenanceWindow,
    TierPolicy,
)
from incidents.notices import Notice
from incidents.pages import address_of
from incidents.seen import SeenName

__all__ = [
    "Alert", "ApiToken", "Change", "Delivery", "DeployRule", "Event", "Incident", "Integration",
    "IntegrationSecret", "KeptAnswer", "MaintenanceWindow", "Notice", "SeenName", "Service",
    "TierPolicy", "TimelineEntry", "history_of",
]  # fmt: skip

SERVICE_NAME = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9 ._:/@-]*$",
    "Start with a letter or digit, then letters, digits, spaces and . _ : / @ - only.",
)


def addresses_in(text: str) -> list[str]:
    """The web addresses of a text that has one a line."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line.startswith(("http://", "https://"))]


def addresses_only(text: str) -> None:
    """Raises ValidationError for a line that is no web address."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = next((line for line in lines if not addresses_in(line) or " " in line), "")
    if wrong:
        raise ValidationError(f"“{wrong[:80]}” is no address such as https://…")


class Service(models.Model):
    """A thing that can break."""

    class Tier(models.TextChoices):
        CORE = "core", "Core: if it fails, all users feel it"
        NORMAL = "normal", "Normal: major features off the core flow"
        SUPPLEMENTARY = "supplementary", "Supplementary: may be late"

    class Lifecycle(models.TextChoices):
        ARCHITECTURE = "architecture", "Architecture"
        DEVELOPMENT = "development", "Development"
        LIMITED = "limited", "Limited availability"
        GENERAL = "general", "General availability"
        DEPRECATED = "deprecated", "Deprecated"

    class Kind(models.TextChoices):
        """What it is made of: decides which metrics are pulled for it."""

        HTTP = "http", "HTTP service"
        JVM = "jvm", "HTTP service on the JVM"
        POSTGRESQL = "postgresql", "PostgreSQL database"
        CACHE = "cache", "Cache"
        QUEUE = "queue", "Message queue"
        NODE = "node", "Machine or node pool"
        OTHER = "other", "Other"

    name = models.CharField(max_length=100, unique=True, validators=[SERVICE_NAME])
    description = models.TextField(blank=True)
    tier = models.CharField(max_length=20, choices=Tier, default=Tier.NORMAL)
    lifecycle = models.CharField(max_length=20, choices=Lifecycle, default=Lifecycle.GENERAL)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.HTTP)
    owner_team = models.CharField(max_length=100, blank=True, db_index=True)
    on_call = models.CharField(
        "on-call", max_length=200, blank=True, help_text="Who is called: a rota, or its address."
    )
    runbook_url = models.URLField(blank=True)
    dashboards = models.TextField(
        blank=True, validators=[addresses_only], help_text="One address a line."
    )
    repositories = models.TextField(
        blank=True, validators=[addresses_only], help_text="One address a line."
    )
    depends_on = models.ManyToManyField(
        "self", symmetrical=False, related_name="needed_by", blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(m2m_fields=[depends_on])

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(tier__in=["core", "normal", "supplementary"]), name="service_tier_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("incidents:service", self.pk)

    @property
    def dashboard_links(self) -> list[str]:
        return addresses_in(self.dashboards)

    @property
    def repository_links(self) -> list[str]:
        return addresses_in(self.repositories)


class Incident(models.Model):
    """Something users felt or would have. Its reference is INC-<number>; the number is the key."""

    class Severity(models.TextChoices):
        SEV1 = "SEV1", "SEV1 · most users cannot use a core flow"
        SEV2 = "SEV2", "SEV2 · a core flow is degraded or a major feature is down"
        SEV3 = "SEV3", "SEV3 · some users are affected, a way around exists"
        SEV4 = "SEV4", "SEV4 · nobody feels it yet"

    class Status(models.TextChoices):
        INVESTIGATING = "investigating", "Investigating"
        IDENTIFIED = "identified", "Identified"
        MITIGATED = "mitigated", "Mitigated"
        RESOLVED = "resolved", "Resolved"

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
        default=False, help_text="Only you, the people you add and those allowed to see all."
    )
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    viewers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="shared_incidents", blank=True
    )
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="merged"
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
            models.Index(fields=["id"], name="incident_private", condition=Q(private=True)),
            models.Index(
                fields=["impact_started_at"],
                name="incident_open",
                condition=~Q(status="resolved"),
            ),
            GinIndex(fields=["search"], name="incident_search"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="incident_has_title"),
            models.CheckConstraint(
                condition=Q(severity__in=["SEV1", "SEV2", "SEV3", "SEV4"]),
                name="incident_severity_known",
            ),
            models.CheckConstraint(
                condition=Q(resolved_at=None) | Q(resolved_at__gte=F("impact_started_at")),
                name="incident_resolved_after_start",
                violation_error_message="“Resolved” lies before “impact started”.",
            ),
            models.CheckConstraint(
                condition=Q(mitigated_at=None) | Q(mitigated_at__gte=F("impact_started_at")),
                name="incident_mitigated_after_start",
                violation_error_message="“Mitigated” lies before “impact started”.",
            ),
            models.CheckConstraint(
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

    @property
    def reference(self) -> str:
        return f"INC-{self.pk}"

    def get_absolute_url(self) -> str:
        return address_of("incidents:incident", self.pk)

    @property
    def is_open(self) -> bool:
        return self.status != self.Status.RESOLVED

    def duration(self, now: datetime | None = None) -> timedelta:
        """From impact start to resolution, or to now while it is open."""
        return (self.resolved_at or now or timezone.now()) - self.impact_started_at


class Alert(models.Model):
    """One firing rule as a monitor sent it; `fingerprint` and `starts_at` make it one episode."""

    class Status(models.TextChoices):
        FIRING = "firing", "Firing"
        RESOLVED = "resolved", "Resolved"

    source = models.CharField(max_length=50)
    fingerprint = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
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
    received_at = models.DateTimeField(db_default=Now())
    group_key = models.CharField(max_length=500, blank=True)
    url = models.URLField(max_length=1000, blank=True)
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
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "fingerprint", "starts_at"], name="alert_episode_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")),
                name="alert_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Change(models.Model):
    """A deploy, config edit, flag, scaling or migration: what happened to a service and when."""

    class Kind(models.TextChoices):
        DEPLOY = "deploy", "Deploy"
        CONFIG = "config", "Config"
        FLAG = "flag", "Feature flag"
        SCALING = "scaling", "Scaling"
        MIGRATION = "migration", "Migration"
        RESTART = "restart", "Restart"
        LOAD_TEST = "load-test", "Load test"

    class Outcome(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        ROLLED_BACK = "rolled_back", "Rolled back"

    service = models.ForeignKey(Service, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.DEPLOY)
    title = models.CharField(max_length=300)
    version = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.SUCCEEDED)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    url = models.URLField(max_length=500, blank=True)
    external_source = models.CharField(max_length=50, blank=True)
    external_id = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["service", "-started_at"], name="change_near_incident")]
        constraints = [
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                condition=~Q(external_id=""),
                name="change_external_id_once",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(finished_at__gte=F("started_at")),
                name="change_finished_after_start",
                violation_error_message="“Finished” lies before “started”.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.title}"


class TimelineEntry(models.Model):
    """One line of an incident's timeline, by a person or by the product."""

    class Kind(models.TextChoices):
        NOTE = "note", "Note"
        FILED = "filed", "Filed"
        STATUS = "status", "Status"
        SEVERITY = "severity", "Severity"
        UPDATE = "update", "Update"
        EDIT = "edit", "Edit"
        ALERT = "alert", "Alert"
        MERGE = "merge", "Merge"
        CHANGE = "change", "Change"
        CAUSE = "cause", "Cause"
        EVIDENCE = "evidence", "Evidence"
        CHAT = "chat", "Chat"
        FINDING = "finding", "Finding"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="timeline")
    at = models.DateTimeField(default=timezone.now)
    pinned = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False, help_text="Kept, but left out of what is shown.")
    edited_at = models.DateTimeField(null=True, blank=True)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.NOTE)
    text = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    search = models.GeneratedField(
        expression=SearchVector("text", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        ordering = ["at", "pk"]
        verbose_name_plural = "timeline entries"
        indexes = [
            models.Index(fields=["incident", "at"], name="timeline_of_incident"),
            GinIndex(fields=["search"], name="timeline_search"),
        ]

    def __str__(self) -> str:
        return self.text[:80]


def history_of(record: Any) -> models.QuerySet[Any]:
    """Who changed `record`, newest first: one row per saved version."""
    return record.history.select_related("history_user").order_by("-history_date", "-history_id")
