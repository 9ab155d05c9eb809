"""Heartbeats: alerts that fire on purpose, and whose silence is the alarm."""

from __future__ import annotations

import re
from datetime import timedelta
from fnmatch import fnmatchcase

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models.named_rule import ONE_OF_A_NAME, NamedRule

_BETWEEN_WORDS = re.compile(r"[\s'’_-]+")


class HeartbeatRule(NamedRule):
    """Which alerts are heartbeats: they open nothing while they come."""

    pattern = models.CharField(
        "alert", max_length=200, help_text=_("Name of the alert; * matches anything: Watchdog*")
    )
    integration = models.ForeignKey(
        "incidents.Integration",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: from any integration."),
    )
    interval = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(525_600)],
        help_text=_(
            "Minutes after which its silence opens an incident; give it two or three times "
            "the sender's own interval. Empty: its silence means nothing."
        ),
    )
    service = models.ForeignKey(
        "incidents.Service",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("What is affected when it stays away."),
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            ONE_OF_A_NAME,
            models.UniqueConstraint(
                fields=["pattern", "integration"],
                name="heartbeat_rule_once",
                violation_error_message="There is a rule for this alert of this integration.",
            ),
            models.UniqueConstraint(
                fields=["pattern"],
                condition=models.Q(integration=None),
                name="heartbeat_rule_for_all_once",
                violation_error_message="There is a rule for this alert of all integrations.",
            ),
        ]

    def __str__(self) -> str:
        return self.pattern

    def get_absolute_url(self) -> str:
        return reverse("incidents:intake-rules")

    @property
    def alert_source(self) -> str:
        """The `source` of the alerts that stand for its silence."""
        return f"heartbeat {self.pk}"

    def matches(self, integration_id: int, name: str) -> bool:
        if self.integration_id not in (None, integration_id):
            return False
        # Pagers and mails write the labels behind the name, and some put words apart.
        bare = name.lower().partition(" (")[0]
        spellings = (name.lower(), bare, _BETWEEN_WORDS.sub("", bare))
        return any(fnmatchcase(each, self.pattern.lower()) for each in spellings)


class HeartbeatSender(models.Model):
    """What sends a heartbeat: one fingerprint of one integration, and when it last came."""

    rule = models.ForeignKey(HeartbeatRule, models.CASCADE, related_name="senders")
    integration = models.ForeignKey("incidents.Integration", models.CASCADE, related_name="+")
    fingerprint = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    labels = models.JSONField(default=dict, blank=True)
    last_seen_at = models.DateTimeField()
    watched_since = models.DateTimeField(
        default=timezone.now, help_text="Silence before this counts for nothing."
    )

    class Meta:
        ordering = ["rule", "integration", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "integration", "fingerprint"], name="heartbeat_sender_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} from {self.integration}"

    @property
    def silence_fingerprint(self) -> str:
        return f"sender {self.pk}"

    @property
    def interval(self) -> timedelta | None:
        return timedelta(minutes=self.rule.interval) if self.rule.interval else None


class HeartbeatWatch(models.Model):
    """When heartbeats were last checked, and since when without a break. One row."""

    checked_at = models.DateTimeField()
    listening_since = models.DateTimeField()

    def __str__(self) -> str:
        return f"since {self.listening_since}"
