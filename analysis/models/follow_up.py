"""When the evidence of an incident is pulled again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.models import Incident


class FollowUp(models.Model):
    """The timer of an incident's evidence. `due_at` is empty once nothing more is pulled."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="follow_up")
    due_at = models.DateTimeField(null=True, blank=True)
    first_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was pulled again for the first time."
    )
    last_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last pulled again; not the first pull."
    )
    rounds = models.PositiveIntegerField(
        default=0, help_text="Pulls on the timer since something about the incident changed."
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was last pulled.")
    seen = models.JSONField(
        default=dict, blank=True, help_text="What the incident was when it was last pulled."
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], name="follow_up_due", condition=Q(due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Follow-up of {self.incident.reference}"
