"""Logs that are watched outside incidents: what a service usually writes, and what is unusual."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analysis.models.source import Source
from common.check_constraints import CheckConstraint
from incidents.models import Incident, Service


class LogWatch(models.Model):
    """A source of log lines that is watched, and whether what is unusual opens incidents."""

    class Opens(models.TextChoices):
        NEVER = "never", _("never")
        NEW = "new", _("for new lines that report errors")
        ANY = "any", _("for new and bursting lines that report errors")

    source = models.OneToOneField(Source, models.CASCADE, related_name="log_watch")
    enabled = models.BooleanField(_("watch it"), default=True)
    opens = models.CharField(
        _("opens an incident"), max_length=10, choices=Opens, default=Opens.NEVER
    )

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "log watches"

    def __str__(self) -> str:
        return f"Watch of {self.source}"


class LogProfile(models.Model):
    """What a service writes to a log, and until when it was read (analysis.core.log_watch)."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, models.CASCADE, related_name="+")
    templates = models.JSONField(default=dict)
    started_at = models.DateTimeField(default=timezone.now)
    read_until = models.DateTimeField(default=timezone.now)
    problem = models.TextField(blank=True, help_text="Why the last window could not be read.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "service"], name="log_profile_once")
        ]
        indexes = [models.Index(fields=["read_until"], name="log_profile_due")]

    def __str__(self) -> str:
        return f"{self.service} in {self.source}"


class LogSign(models.Model):
    """A line that was new or burst outside an incident."""

    class Kind(models.TextChoices):
        NEW = "new", "New log line"
        BURST = "burst", "Burst of log lines"

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    service = models.ForeignKey(Service, models.CASCADE, related_name="log_signs")
    kind = models.CharField(max_length=10, choices=Kind)
    template_id = models.CharField(max_length=12)
    example = models.TextField()
    error = models.BooleanField(default=False, help_text="Its words report an error.")
    count = models.PositiveIntegerField(help_text="In ten minutes.")
    usual = models.PositiveIntegerField(default=0, help_text="The most in ten minutes before.")
    at = models.DateTimeField(help_text="Its first line.")
    last_at = models.DateTimeField()
    incident = models.ForeignKey(Incident, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["-at", "-id"], name="log_sign_newest_first")]
        constraints = [
            models.UniqueConstraint(fields=["service", "template_id", "at"], name="log_sign_once"),
            CheckConstraint(condition=Q(kind__in=["new", "burst"]), name="log_sign_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.get_kind_display().lower()}: {self.example[:100]}"
