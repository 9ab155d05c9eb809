"""Checks: a saved query and condition that shows whether a cause holds."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.check_constraints import CheckConstraint
from common.numbers import plain_number
from common.row_limits import require_space
from kb.models.cause import Cause

MOST_CHECKS = 50
"""Of one cause: all of them run for an incident that it may have."""


class Check(models.Model):
    """A saved query and condition that shows whether a cause holds."""

    class Statistic(models.TextChoices):
        MAX = "max", _("highest value")
        MIN = "min", _("lowest value")
        MEAN = "mean", _("mean value")
        LAST = "last", _("last value")
        COUNT = "count", _("number of log lines")

    class Comparison(models.TextChoices):
        ABOVE = "above", _("above")
        BELOW = "below", _("below")

    cause = models.ForeignKey(Cause, models.CASCADE, related_name="checks")
    name = models.CharField(max_length=100)
    source = models.CharField(max_length=100, help_text="The name of a source of evidence.")
    query = models.TextField(
        max_length=5000, help_text="In the source's language; $service is the incident's service."
    )
    statistic = models.CharField(max_length=10, choices=Statistic, default=Statistic.MAX)
    comparison = models.CharField(max_length=10, choices=Comparison, default=Comparison.ABOVE)
    threshold = models.FloatField()
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["cause", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["cause", "name"],
                name="check_name_once",
                violation_error_message=_("This cause has a check of this name already."),
            ),
            CheckConstraint(
                condition=Q(statistic__in=["max", "min", "mean", "last", "count"]),
                name="check_statistic_known",
            ),
            CheckConstraint(
                condition=Q(comparison__in=["above", "below"]), name="check_comparison_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def condition(self) -> str:
        statistic, comparison = self.get_statistic_display(), self.get_comparison_display()
        return f"{statistic} {comparison} {plain_number(self.threshold)}"

    def clean(self) -> None:
        """Raises ValidationError by field."""
        if self._state.adding and self.cause_id:
            others = Check.objects.filter(cause=self.cause_id)
            require_space(others, MOST_CHECKS, "name", _("A cause has checks,"))

    def holds(self, value: float) -> bool:
        if self.comparison == self.Comparison.ABOVE:
            return value > self.threshold
        return value < self.threshold
