"""Notification rules and their deliveries."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.check_constraints import CheckConstraint
from common.leased_jobs import LeasedJob
from incidents.models import ONE_OF_A_NAME, Event, Incident, NamedRule
from kb.models.chat import Workspace


class NotificationRule(NamedRule):
    """Which events are posted to a channel, for which incidents, and its quiet hours."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="notification_rules")
    channel = models.CharField(
        max_length=200,
        blank=True,
        help_text=_("The platform's id of it; empty for its only one."),
    )
    events = models.JSONField(default=list)
    severity = models.CharField(
        max_length=4, choices=Incident.Severity, default=Incident.Severity.SEV4,
        help_text=_("Only incidents at least this severe."),
    )  # fmt: skip
    team = models.CharField(
        max_length=100, blank=True, help_text=_("Only incidents of this team's services.")
    )
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    zone = models.CharField(
        max_length=60, default="UTC", help_text=_("Time zone of the quiet hours.")
    )
    sev1_breaks_quiet = models.BooleanField(_("Send SEV1 during quiet hours"), default=True)

    class Meta:
        db_table = "kb_rule"
        ordering = ["pk"]
        constraints = [
            ONE_OF_A_NAME,
            CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="rule_quiet_has_both_ends",
                violation_error_message=_("Quiet hours have a beginning and an end."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace} {self.channel}".strip()


class NotificationDelivery(LeasedJob):
    """One event to be posted by one rule, with its attempts and outcome."""

    rule = models.ForeignKey(NotificationRule, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, models.CASCADE, related_name="notification_deliveries")
    message_id = models.CharField(
        max_length=250, blank=True, help_text="Of the message there, for replies to it."
    )
    answer = models.CharField(
        max_length=60, blank=True, help_text="The key of the answer that it carried."
    )

    class Meta:
        db_table = "kb_telling"
        ordering = ["-pk"]
        verbose_name_plural = "notification deliveries"
        constraints = [models.UniqueConstraint(fields=["rule", "event"], name="telling_once")]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="telling_to_do",
                condition=Q(state__in=["waiting", "claimed"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.rule}"


class StatedAnswer(models.Model):
    """Which answer to an incident was stated last, so that a change is reported once."""

    incident = models.OneToOneField(Incident, models.CASCADE, related_name="stated_answer")
    key = models.CharField(max_length=60, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    computed_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.incident.reference}: {self.key}"
