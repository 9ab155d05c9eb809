"""Fixes of causes: since when a cause counts as fixed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from common.check_constraints import CheckConstraint
from incidents.models import Incident
from kb.models.cause import Cause


class Fix(models.Model):
    """The time a cause was fixed and, if it came back, the incident that showed it."""

    cause = models.ForeignKey(Cause, models.CASCADE, related_name="fixes")
    fixed_at = models.DateTimeField()
    note = models.TextField(blank=True, max_length=5000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_with = models.ForeignKey(
        Incident, models.SET_NULL, null=True, blank=True, related_name="disproved_fixes"
    )

    class Meta:
        ordering = ["-fixed_at"]
        verbose_name_plural = "fixes"
        constraints = [
            models.UniqueConstraint(
                fields=["cause"], name="fix_holds_once", condition=Q(returned_at=None)
            ),
            CheckConstraint(
                condition=Q(returned_at=None) | Q(returned_at__gte=F("fixed_at")),
                name="fix_returned_after",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause}: fixed {self.fixed_at:%Y-%m-%d}"
