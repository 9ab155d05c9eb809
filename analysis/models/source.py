"""Sources of metrics, logs, events and traces."""

from __future__ import annotations

from django.db import models
from simple_history.models import HistoricalRecords

from common.sealing import SealedSecrets


class Source(SealedSecrets):
    """A configured system that evidence is pulled from. `kind` names the plug-in."""

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=50)
    enabled = models.BooleanField(default=True)
    settings = models.JSONField(default=dict, blank=True)
    sealed = models.TextField(blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="In a row.")
    resting_until = models.DateTimeField(null=True, blank=True, editable=False)
    trouble = models.TextField(blank=True, editable=False, help_text="The last failure's reason.")
    last_refusal = models.TextField(
        blank=True,
        editable=False,
        help_text="The last failure with what the server wrote; for those who manage sources.",
    )
    answered_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it first answered a query or probe."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(
        excluded_fields=[
            "sealed",
            "failures",
            "resting_until",
            "trouble",
            "last_refusal",
            "answered_at",
        ]
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
