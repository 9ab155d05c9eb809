"""Engagements: how far the reliability work on a service has come, phase by phase."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.check_constraints import CheckConstraint
from incidents.models import Service
from practice.models.announcement import Announcement


class Phase(models.TextChoices):
    BENCHMARK = "benchmark", _("Benchmark")
    CAPACITY = "capacity", _("Capacity plan")
    TUNING = "tuning", _("Performance tuning")
    MONITORING = "monitoring", _("Production monitoring")
    ALERTS = "alerts", _("Alert review")


class Engagement(models.Model):
    """One phase of one service: its state, who does it, and what shows that it was done."""

    class State(models.TextChoices):
        TODO = "todo", _("to do")
        DOING = "doing", _("under way")
        DONE = "done", _("done")
        SKIPPED = "skipped", _("not needed")

    service = models.ForeignKey(Service, models.CASCADE, related_name="engagements")
    phase = models.CharField(max_length=20, choices=Phase)
    state = models.CharField(max_length=10, choices=State, default=State.TODO)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    announcement = models.ForeignKey(
        Announcement, models.SET_NULL, null=True, blank=True, related_name="phases",
        help_text="That it was promised for.",
    )  # fmt: skip
    evidence = models.TextField(
        blank=True,
        max_length=5000,
        help_text="What shows that it was done. Required for done.",
    )
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["service", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["service", "phase"], name="engagement_once"),
            CheckConstraint(condition=Q(phase__in=Phase.values), name="engagement_phase_known"),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.get_phase_display()}"

    @property
    def is_overdue(self) -> bool:
        done = self.state in (self.State.DONE, self.State.SKIPPED)
        return self.due_on is not None and not done and self.due_on < timezone.now().date()
