"""Changes: what happened to a service and when."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.check_constraints import CheckConstraint
from incidents.models.service import Service
from incidents.models.times import refuse_impossible_times


class ChangeQuerySet(models.QuerySet["Change"]):
    def counting(self) -> ChangeQuerySet:
        """Those of production: neither previews nor staging, nor checks that change nothing."""
        return self.filter(counts=True)


class Change(models.Model):
    """A deploy, config edit, flag, scaling or migration: what happened to a service and when."""

    class Kind(models.TextChoices):
        DEPLOY = "deploy", _("Deploy")
        CONFIG = "config", _("Config")
        FLAG = "flag", _("Feature flag")
        SCALING = "scaling", _("Scaling")
        MIGRATION = "migration", _("Migration")
        RESTART = "restart", _("Restart")
        LOAD_TEST = "load-test", _("Load test")

    class Outcome(models.TextChoices):
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        ROLLED_BACK = "rolled_back", _("Rolled back")

    service = models.ForeignKey(Service, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.DEPLOY)
    title = models.CharField(max_length=300)
    version = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.SUCCEEDED)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    url = models.URLField(max_length=500, blank=True)
    external_source = models.CharField(max_length=50, blank=True)
    external_id = models.CharField(max_length=200, blank=True)

    environment = models.CharField(
        max_length=100, blank=True, default="", db_default="", help_text="Where it was made."
    )
    branch = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="What was built."
    )
    counts = models.BooleanField(
        "counts as a change",
        default=True,
        db_default=True,
        help_text="Previews, staging and checks are stored too, but cause no incident.",
    )
    counts_reason = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="Why it counts or not."
    )
    counts_chosen = models.BooleanField(
        default=False, db_default=False, help_text="A person chose; reports leave it as it is."
    )

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["service", "-started_at"], name="change_near_incident"),
            models.Index(fields=["started_at"], name="change_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                condition=~Q(external_id=""),
                name="change_external_id_once",
            ),
            CheckConstraint(
                condition=Q(finished_at=None) | Q(finished_at__gte=F("started_at")),
                name="change_finished_after_start",
                violation_error_message="“Finished” lies before “started”.",
            ),
        ]

    def clean(self) -> None:
        refuse_impossible_times(self, ("started_at", "finished_at"))

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.title}"
