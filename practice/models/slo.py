"""Service level objectives and their event counts."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from analysis.models import Source
from common.check_constraints import CheckConstraint
from incidents.models import Service
from practice.core import okr, windows

POLICY = (
    "Three quarters spent: reliability work comes before features. All spent: releases of this "
    "service stop, but for fixes, until there is budget again."
)


def validate_window(value: str) -> None:
    if not windows.is_window(value):
        raise ValidationError(
            f"Write hours or days, from 1h to {windows.LONGEST_DAYS}d, or month, quarter or year; "
            "from a moment on as in 7d@2026-01-03T12:00[Europe/Berlin]."
        )


def validate_quarter(value: str) -> None:
    if not okr.is_quarter(value):
        raise ValidationError(_("Write year and quarter, as in 2026-Q4."))


class Slo(models.Model):
    """A target ratio of good events over a window, measured with two queries."""

    class Window(models.TextChoices):
        """The usual ones; any number of hours or days is a window."""

        DAYS_7 = "7d", _("7 days, rolling")
        DAYS_14 = "14d", _("14 days, rolling")
        DAYS_28 = "28d", _("28 days, rolling")
        DAYS_30 = "30d", _("30 days, rolling")
        DAYS_90 = "90d", _("90 days, rolling")
        MONTH = "month", _("calendar month")
        QUARTER = "quarter", _("calendar quarter")
        YEAR = "year", _("calendar year")

    class Counts(models.TextChoices):
        BAD = "bad", _("bad events (errors)")
        GOOD = "good", _("good events (fast enough, successful)")

    service = models.ForeignKey(Service, models.CASCADE, related_name="slos")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    target = models.DecimalField(
        max_digits=7,
        decimal_places=4,
        default=Decimal("99.9"),
        validators=[MinValueValidator(Decimal("1")), MaxValueValidator(Decimal("99.9999"))],
        help_text=_("Percent of events that must be good, such as 99.9."),
    )
    window = models.CharField(
        max_length=windows.LONGEST_TEXT,
        default=Window.DAYS_28,
        validators=[validate_window],
        help_text="Rolling days, as in 28d, or by the calendar: month, quarter, year.",
    )
    source = models.ForeignKey(
        Source,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("The Prometheus to query; empty means the first that is enabled."),
    )
    counts = models.CharField(
        _("the first query counts"), max_length=4, choices=Counts, default=Counts.BAD
    )
    numerator = models.TextField(
        _("query"),
        help_text=_(
            "PromQL, events per second, with $window as the range. For latency, "
            'count what was fast enough: sum(rate(…_bucket{…,le="0.3"}[$window])).'
        ),
    )
    total = models.TextField(_("query of all events"), help_text=_("PromQL, events per second."))
    policy = models.TextField(blank=True, default=POLICY, help_text=_("What a spent budget means."))
    okr_name = models.CharField(
        _("key result"), max_length=200, blank=True, default="", db_default="",
        help_text=_("Of an OKR that this objective serves."),
    )  # fmt: skip
    okr_quarter = models.CharField(
        _("quarter"), max_length=okr.LONGEST_QUARTER, blank=True, default="", db_default="",
        validators=[validate_quarter], help_text=_("As in 2026-Q4."),
    )  # fmt: skip
    okr_target = models.DecimalField(
        _("target of the key result"), max_digits=7, decimal_places=4, null=True, blank=True,
        validators=[MinValueValidator(Decimal("1")), MaxValueValidator(Decimal("100"))],
        help_text=_("Percent of events that are good over that quarter."),
    )  # fmt: skip
    enabled = models.BooleanField(default=True)
    pulled_until = models.DateTimeField(null=True, blank=True, editable=False)
    tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    problem = models.CharField(max_length=500, blank=True, editable=False)
    summary = models.JSONField(default=dict, editable=False, help_text="Status at the last count.")
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(excluded_fields=["pulled_until", "tried_at", "problem", "summary"])

    class Meta:
        ordering = ["service__name", "name"]
        constraints = [
            models.UniqueConstraint(fields=["service", "name"], name="slo_name_once"),
            CheckConstraint(
                condition=Q(target__gt=0, target__lt=100), name="slo_target_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} · {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("practice:slo", args=[self.pk])

    @property
    def window_in_words(self) -> str:
        if self.window in Slo.Window.values:
            return str(Slo.Window(self.window).label)
        # Others are written in files of objectives: hours, odd numbers of days, and anchored ones.
        return windows.in_words(self.window)

    @property
    def ratio(self) -> float:
        """The target between 0 and 1."""
        return float(self.target) / 100

    def clean(self) -> None:
        """Raises ValidationError by field."""
        given = {
            "okr_name": self.okr_name, "okr_quarter": self.okr_quarter,
            "okr_target": self.okr_target,
        }  # fmt: skip
        if any(given.values()) and not all(given.values()):
            missing = [name for name, value in given.items() if not value]
            message = _("A key result has a name, a quarter and a target.")
            raise ValidationError(dict.fromkeys(missing, message))
        for name in ("numerator", "total"):
            if "$window" not in getattr(self, name):
                raise ValidationError({name: _("Write $window as the range: [$window].")})


class SloDay(models.Model):
    """Event counts of one day (UTC): 288 buckets of five minutes, null where unknown."""

    slo = models.ForeignKey(Slo, models.CASCADE, related_name="days")
    day = models.DateField()
    bad = ArrayField(models.FloatField(null=True), size=288)
    total = ArrayField(models.FloatField(null=True), size=288)

    class Meta:
        ordering = ["slo", "day"]
        constraints = [models.UniqueConstraint(fields=["slo", "day"], name="slo_day_once")]

    def __str__(self) -> str:
        return f"{self.slo} on {self.day}"
