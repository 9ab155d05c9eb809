"""What people did in a pager, each act once."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from incidents.models.incident import Incident


class PagerAct(models.Model):
    """An act of somebody in a pager that an incident took over, by the pager's own id of it."""

    source = models.CharField(max_length=50, help_text="As that of the alert it is about.")
    external_id = models.CharField(max_length=200)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="pager_acts")
    act = models.CharField(max_length=20)
    at = models.DateTimeField(default=timezone.now)
    person = models.CharField(
        max_length=100, blank=True,
        help_text="The pager's id of who takes it on or helps, until it is known who that is here.",
    )  # fmt: skip

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="pager_act_once")
        ]
        indexes = [
            models.Index(
                fields=["person"], name="pager_act_of_unknown", condition=~models.Q(person="")
            )
        ]

    def __str__(self) -> str:
        return f"{self.act} of {self.incident.reference}"
