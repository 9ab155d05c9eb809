"""Load tests, drills, and the use of capacity over time."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analysis.models import Source
from common.check_constraints import CheckConstraint
from common.row_limits import require_space
from incidents.models import Service

COMMIT = RegexValidator(
    r"^(?:[0-9a-f]{40}|[0-9a-f]{64})\Z",
    _("Give the full hash of the commit, 40 digits from 0 to f."),
)
MOST_CAPACITIES = 50
"""Of one service: each is a query every hour."""


class LoadTest(models.Model):
    """The summary of one load test: times in ms, `rate` per second, `errors` from 0 to 1."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="load_tests")
    release = models.CharField(max_length=200, blank=True)
    scenario = models.CharField(
        max_length=100, default="default", help_text="Runs of one scenario are compared."
    )
    tool = models.CharField(max_length=20)
    at = models.DateTimeField(default=timezone.now)
    url = models.URLField(max_length=500, blank=True)
    repository = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="As in example/shop."
    )
    commit = models.CharField(
        max_length=64, blank=True, default="", db_default="", validators=[COMMIT]
    )
    p50 = models.FloatField(null=True, blank=True)
    p95 = models.FloatField(null=True, blank=True)
    p99 = models.FloatField(null=True, blank=True)
    rate = models.FloatField(null=True, blank=True)
    errors = models.FloatField(null=True, blank=True)
    requests = models.BigIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was posted.")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["service", "scenario", "-at"], name="load_test_runs")]
        constraints = [
            models.UniqueConstraint(fields=["service", "digest"], name="load_test_once"),
            CheckConstraint(
                condition=Q(errors=None) | Q(errors__gte=0, errors__lte=1),
                name="load_test_errors_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.release or self.at.date()} ({self.tool})"

    def get_absolute_url(self) -> str:
        return reverse("practice:load-test-run", args=[self.pk])


class Drill(models.Model):
    """A rehearsed restore, failover or the like: what was tried, when, and whether it worked."""

    class Kind(models.TextChoices):
        RESTORE = "restore", _("Restore of a backup")
        FAILOVER = "failover", _("Failover")
        ROLLBACK = "rollback", _("Rollback")
        GAME_DAY = "game-day", _("Game day")

    service = models.ForeignKey(Service, models.CASCADE, related_name="drills")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.RESTORE)
    at = models.DateTimeField(default=timezone.now)
    worked = models.BooleanField(default=True)
    notes = models.TextField(blank=True, max_length=5000)
    url = models.URLField(max_length=500, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.service}, {self.at:%Y-%m-%d}"


class Capacity(models.Model):
    """A resource that can run full: its limit, and its hourly use."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="capacities")
    what = models.CharField(max_length=60, help_text=_("Disk, connections, memory, …"))
    query = models.TextField(help_text=_("PromQL of the use."))
    limit = models.FloatField(help_text=_("The use at which it is full."), default=1.0)
    unit = models.CharField(max_length=20, blank=True, default="ratio")
    source = models.ForeignKey(Source, models.SET_NULL, null=True, blank=True, related_name="+")
    times = models.JSONField(default=list, editable=False)
    values = models.JSONField(default=list, editable=False)
    pulled_at = models.DateTimeField(null=True, blank=True, editable=False)
    problem = models.CharField(max_length=500, blank=True, editable=False)

    class Meta:
        ordering = ["service", "what"]
        verbose_name_plural = "capacities"
        constraints = [
            models.UniqueConstraint(fields=["service", "what"], name="capacity_once"),
            CheckConstraint(condition=Q(limit__gt=0), name="capacity_limit_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.what}"

    def clean(self) -> None:
        """Raises ValidationError by field."""
        if self._state.adding and self.service_id:
            others = Capacity.objects.filter(service=self.service_id)
            require_space(others, MOST_CAPACITIES, "what", _("A service has capacities,"))

    def get_absolute_url(self) -> str:
        return reverse("practice:records", args=[self.service_id])
