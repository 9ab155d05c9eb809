"""Requests for evidence and the evidence they returned."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from analysis.models.source import Source
from common.alert_labels import subject
from common.check_constraints import CheckConstraint
from common.leased_jobs import LeasedJob
from incidents.models import Incident, Service


class EvidenceRequest(LeasedJob):
    """One query to pull for one incident."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="evidence_requests")
    source = models.ForeignKey(Source, models.CASCADE, related_name="requests")
    service = models.ForeignKey(Service, models.CASCADE, null=True, related_name="+")
    what = models.CharField(max_length=100, help_text="What the query measures, in words.")
    query = models.TextField()
    unit = models.CharField(max_length=20, blank=True)
    labels = models.JSONField(
        default=dict, blank=True, help_text="Of an alert whose labels the query is about."
    )
    threshold = models.CharField(
        max_length=40, blank=True, help_text="From where on the alert fires, such as “> 0.9”."
    )
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    pulls = models.PositiveIntegerField(default=0, help_text="How often it was pulled.")
    pulled_bytes = models.PositiveBigIntegerField(default=0, help_text="Of all its pulls.")

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
            CheckConstraint(
                condition=Q(window_end__gt=F("window_start")), name="request_window_forward"
            ),
            CheckConstraint(
                condition=~Q(state="claimed") | Q(lease_until__isnull=False),
                name="request_claim_has_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} of {self.subject} from {self.source}"

    @property
    def subject(self) -> str:
        """What it is about, in words: the service, else the most specific label of the alert."""
        return str(self.service or subject(self.labels) or "everything")


class Evidence(models.Model):
    """A frozen item pulled for an incident. It stays readable after its source deleted the data.

    While the incident is followed, later pulls of the same request extend it.
    """

    class Kind(models.TextChoices):
        SERIES = "series", "Series"
        LINES = "lines", "Log lines"
        TRACES = "traces", "Traces"

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
    thinned_at = models.DateTimeField(
        null=True, blank=True, help_text="When retention reduced it to what findings show."
    )
    full_digest = models.CharField(
        max_length=64, blank=True, db_default="", help_text="Of what it was before."
    )
    retained_because = models.CharField(
        max_length=20, blank=True, db_default="", help_text="Why retention left it in full: cited."
    )

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "evidence"
        indexes = [
            models.Index(
                fields=["incident"],
                name="evidence_in_full",
                condition=Q(thinned_at=None, retained_because=""),
            )
        ]
        constraints = [
            CheckConstraint(
                condition=Q(kind__in=["series", "lines", "traces"]), name="evidence_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} ({self.source_name})"

    @property
    def subject(self) -> str:
        """What it is about, in words."""
        return self.service.name if self.service else self.request.subject

    def freeze(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Store `items` (JSON-able) compressed, with a digest that proves them unchanged."""
        plain = json.dumps(items, separators=(",", ":"), allow_nan=False).encode()
        self.digest = hashlib.sha256(plain).hexdigest()
        self.content = zlib.compress(plain, 6)

    def items(self) -> list[dict[str, Any]]:
        return json.loads(zlib.decompress(bytes(self.content)))
