"""Production readiness reviews: versioned checklists, answers, and gaps that incidents showed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.language import Text
from incidents.models import Incident, Service


def _person() -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )


TIERS: dict[str, Text] = {
    Service.Tier.CORE: _("core"),
    Service.Tier.NORMAL: _("normal"),
    Service.Tier.SUPPLEMENTARY: _("supplementary"),
}
"""Tiers of services within a sentence."""


class Checklist(models.Model):
    """One version of a tier's checklist. Editing a checklist saves a new version."""

    tier = models.CharField(max_length=20, choices=Service.Tier)
    version = models.PositiveIntegerField()
    valid_days = models.PositiveSmallIntegerField(
        "valid for", default=180, help_text="Days after which a review must be done again."
    )
    author = _person()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["tier", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["tier", "version"], name="checklist_version_once")
        ]

    def __str__(self) -> str:
        return gettext("%(tier)s, version %(version)s") % {
            "tier": TIERS.get(self.tier, self.tier), "version": self.version,
        }  # fmt: skip


class ChecklistItem(models.Model):
    """A question of a checklist. `auto` names the automatic check that answers it, if any."""

    checklist = models.ForeignKey(Checklist, models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    section = models.CharField(max_length=60)
    question = models.CharField(max_length=300)
    auto = models.CharField(max_length=40, blank=True)

    class Meta:
        db_table = "practice_item"
        ordering = ["checklist", "position"]
        constraints = [
            models.UniqueConstraint(fields=["checklist", "position"], name="item_position_once")
        ]

    def __str__(self) -> str:
        return self.question


class ReadinessReview(models.Model):
    """A review of one service by one version of its checklist."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="reviews")
    checklist = models.ForeignKey(Checklist, models.PROTECT, related_name="reviews")
    author = _person()
    started_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    score = models.FloatField(
        null=True, blank=True, help_text="Share of yes among what applied when it was closed."
    )

    class Meta:
        db_table = "practice_review"
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=Q(closed_at=None), name="review_open_once"
            )
        ]

    def __str__(self) -> str:
        return gettext("Readiness of %(service)s, %(day)s") % {
            "service": self.service, "day": f"{self.started_at:%Y-%m-%d}",
        }  # fmt: skip

    def get_absolute_url(self) -> str:
        return reverse("practice:review", args=[self.pk])


class ReadinessAnswer(models.Model):
    """The answer to one question, by a person or, with `auto`, by an automatic check."""

    class Verdict(models.TextChoices):
        YES = "yes", _("yes")
        NO = "no", pgettext_lazy("verdict", "no")
        NOT_NEEDED = "n/a", _("does not apply")

    review = models.ForeignKey(ReadinessReview, models.CASCADE, related_name="answers")
    item = models.ForeignKey(ChecklistItem, models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=5, choices=Verdict)
    note = models.TextField(blank=True, max_length=5000)
    evidence = models.URLField(max_length=500, blank=True)
    auto = models.BooleanField(default=False)
    author = _person()
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords(table_name="practice_historicalanswer")

    class Meta:
        db_table = "practice_answer"
        ordering = ["item__position"]
        constraints = [models.UniqueConstraint(fields=["review", "item"], name="answer_once")]

    def __str__(self) -> str:
        return f"{self.item}: {self.verdict}"


class ReadinessFinding(models.Model):
    """A readiness gap that an incident showed, open until somebody closes it."""

    class Kind(models.TextChoices):
        NO_ALERT = "no-alert", _("no alert fired")
        NO_DASHBOARD = "no-dashboard", _("no dashboard")
        NO_RUNBOOK = "no-runbook", _("no runbook")
        NO_SLO = "no-slo", _("no objective")

    service = models.ForeignKey(Service, models.CASCADE, related_name="readiness_findings")
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="readiness_findings")
    kind = models.CharField(max_length=20, choices=Kind)
    found_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = _person()
    note = models.TextField(blank=True, max_length=2000, help_text="What closed it.")

    class Meta:
        db_table = "practice_finding"
        ordering = ["-found_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "incident", "kind"], name="readiness_finding_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.get_kind_display()} ({self.incident.reference})"
