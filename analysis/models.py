"""Where evidence comes from, what was asked, what came back, and what was read from it."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from common.leased_jobs import Errand
from common.sealing import seal, unseal
from incidents.models import Incident, Service
from kb.models import Check


class Source(models.Model):
    """A configured place that evidence is pulled from. `kind` names the plug-in."""

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=50)
    enabled = models.BooleanField(default=True)
    settings = models.JSONField(default=dict, blank=True)
    sealed = models.TextField(blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="In a row.")
    resting_until = models.DateTimeField(null=True, blank=True, editable=False)
    trouble = models.TextField(blank=True, editable=False, help_text="The last failure's reason.")
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(excluded_fields=["sealed", "failures", "resting_until", "trouble"])

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def secrets(self) -> dict[str, str]:
        """Passwords and tokens by setting name; sealed with SECRET_KEY at rest."""
        return unseal(self.sealed)

    @secrets.setter
    def secrets(self, values: dict[str, str]) -> None:
        self.sealed = seal(values)


class EvidenceRequest(Errand):
    """One query to pull for one incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="evidence_requests")
    source = models.ForeignKey(Source, models.CASCADE, related_name="requests")
    service = models.ForeignKey(Service, models.CASCADE, null=True, related_name="+")
    what = models.CharField(max_length=100, help_text="What the query measures, in words.")
    query = models.TextField()
    unit = models.CharField(max_length=20, blank=True)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="request_to_work_on",
                condition=Q(state__in=["waiting", "claimed"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "source", "service", "what", "window_start", "window_end"],
                nulls_distinct=False,
                name="request_once",
            ),
            models.CheckConstraint(
                condition=Q(window_end__gt=F("window_start")), name="request_window_forward"
            ),
            models.CheckConstraint(
                condition=~Q(state="claimed") | Q(lease_until__isnull=False),
                name="request_claim_has_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.service or 'everything'} from {self.source}"


class Evidence(models.Model):
    """A frozen item pulled for an incident. It stays readable after its source forgot it."""

    class Kind(models.TextChoices):
        SERIES = "series", "Series"
        LINES = "lines", "Log lines"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="evidence")
    request = models.OneToOneField(EvidenceRequest, models.CASCADE, related_name="evidence")
    service = models.ForeignKey(Service, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    what = models.CharField(max_length=100)
    unit = models.CharField(max_length=20, blank=True)
    source_name = models.CharField(max_length=100)
    source_url = models.URLField(max_length=2000, blank=True)
    query = models.TextField()
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    gaps = models.JSONField(default=list, blank=True)
    taken_at = models.DateTimeField(default=timezone.now)
    took_ms = models.PositiveIntegerField(default=0)
    content = models.BinaryField()
    digest = models.CharField(max_length=64, editable=False)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "evidence"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["series", "lines"]), name="evidence_kind")
        ]

    def __str__(self) -> str:
        return f"{self.what} ({self.source_name})"

    def freeze(self, items: list[dict[str, Any]]) -> None:
        """Keep `items` (JSON-able) compressed, with the digest that later proves them unchanged."""
        plain = json.dumps(items, separators=(",", ":"), allow_nan=False).encode()
        self.digest = hashlib.sha256(plain).hexdigest()
        self.content = zlib.compress(plain, 6)

    def items(self) -> list[dict[str, Any]]:
        return json.loads(zlib.decompress(bytes(self.content)))


class Finding(models.Model):
    """What the analysis read from one item of evidence."""

    class Kind(models.TextChoices):
        LEFT_NORMAL = "left_normal", "Left its normal range"
        NEW_TEMPLATE = "new_template", "New log line"
        BURST = "burst", "Burst of log lines"
        SILENT = "silent", "Log line gone silent"
        TROUBLE = "trouble", "More log lines of trouble"

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="findings")
    evidence = models.ForeignKey(Evidence, models.CASCADE, related_name="findings")
    service = models.ForeignKey(Service, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField()
    onset = models.DateTimeField(null=True, blank=True)
    score = models.FloatField(help_text="How far from normal; larger is stronger.")
    term = models.CharField(max_length=200, help_text="How the similarity index knows it.")
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = [F("onset").asc(nulls_last=True), "-score", "pk"]

    def __str__(self) -> str:
        return self.text


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


class CheckRun(Errand):
    """A check asked for an incident. `holds` is empty until its source has answered."""

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
                violation_error_message="This alert pulls that already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} on {self.alert}"


class AlikeGroup(models.Model):
    """Alike incidents without a cause, as the last grouping found them; see gaps.py."""

    terms = models.JSONField(default=list)
    incidents = models.JSONField(default=list, help_text="Their keys, newest first.")
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return " ".join(self.terms)


class Forgotten(models.Model):
    """What processes must forget: a deleted incident, one that lost a cause link, or (negative) a
    deleted cause.
    """

    key = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["at"], name="forgotten_live_tail")]

    def __str__(self) -> str:
        return str(self.key)


class Fit(models.Model):
    """A version of what was learnt from past answers (analysis.similarity.calibration)."""

    data = models.JSONField(null=True, help_text="Empty: history is too small to learn from.")
    labels = models.CharField(max_length=200, help_text="What it was learnt from.")
    active = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=Q(active=True), name="one_active_fit"
            )
        ]

    def __str__(self) -> str:
        return f"version {self.pk}"


class ShownAnswer(models.Model):
    """What an incident's page last suggested before a cause was confirmed: for the scoreboard."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="shown_answer")
    causes = models.JSONField(default=list, help_text="Ids of the suggested causes, best first.")
    refused = models.BooleanField(default=False, help_text="It said that history has nothing alike")
    shown_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Answer to {self.incident.reference}"
