"""The practice map: which practices are adopted, which are not now or not at all, and why."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from common.check_constraints import CheckConstraint


class Practice(models.Model):
    """A node of the map; `parent` is the branch it belongs to."""

    name = models.CharField(max_length=100)
    what = models.TextField(blank=True, help_text=_("What it is, in a sentence."))
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="parts")
    position = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="practice_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Verdict(models.Model):
    """The decision of the organisation (empty `team`) or of one team about a practice."""

    class Word(models.TextChoices):
        ADOPTED = "adopted", _("adopted")
        NOT_NOW = "not-now", _("not now")
        NO = "no", pgettext_lazy("verdict", "no")

    practice = models.ForeignKey(Practice, models.CASCADE, related_name="verdicts")
    team = models.CharField(max_length=100, blank=True)
    word = models.CharField("verdict", max_length=10, choices=Word)
    note = models.TextField(blank=True, max_length=5000, help_text="Why.")
    review_on = models.DateField(null=True, blank=True, help_text="When to review this decision.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["practice", "team"]
        constraints = [
            models.UniqueConstraint(fields=["practice", "team"], name="verdict_once"),
            CheckConstraint(
                condition=Q(word__in=["adopted", "not-now", "no"]), name="verdict_word_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.practice}: {self.get_word_display()}"


class Subscription(models.Model):
    """Who gets the monthly reliability review by mail; without a service, that of all."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    service = models.ForeignKey("incidents.Service", models.CASCADE, null=True, blank=True)
    sent_for = models.DateField(null=True, blank=True, help_text="First day of the month.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "service"], nulls_distinct=False, name="subscription_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.service or 'all services'}"
