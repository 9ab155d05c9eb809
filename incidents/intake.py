"""What comes in by itself: integrations, their secrets and deliveries, and the rules about them."""

from __future__ import annotations

import secrets
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from incidents.secrets import seal, unseal


def new_slug() -> str:
    return secrets.token_urlsafe(9)


class Integration(models.Model):
    """A sender that may tell us of alerts or changes, at an address of its own."""

    kind = models.CharField(max_length=50, help_text="The plug-in that reads it.")
    name = models.CharField(max_length=100, unique=True)
    slug = models.CharField(max_length=40, unique=True, default=new_slug, editable=False)
    enabled = models.BooleanField(default=True)
    service = models.ForeignKey(
        "incidents.Service",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="For what names no service we know.",
    )
    settings = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("incidents:integration", args=[self.pk])


class IntegrationSecret(models.Model):
    """One of an integration's secrets, sealed; any that is not revoked opens the door."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="secrets")
    sealed = models.TextField()
    hint = models.CharField(max_length=8, help_text="Its end, to tell it from others.")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"…{self.hint}"

    @classmethod
    def make(
        cls, integration: Integration, author: Any = None, text: str = ""
    ) -> tuple[IntegrationSecret, str]:
        """A new secret and its text, which nobody can read again; or one that the sender made."""
        text = text or secrets.token_urlsafe(24)
        made = cls(integration=integration, sealed=seal({"secret": text}), author=author)
        made.hint = text[-4:]
        made.save()
        return made, text

    @property
    def text(self) -> str:
        """Raises ValueError when SECRET_KEY was replaced without keeping the former one."""
        return unseal(self.sealed)["secret"]


class Delivery(models.Model):
    """A request as a sender made it. It is stored before it is answered, then worked."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="deliveries")
    sender_id = models.CharField(
        max_length=200, help_text="What the sender calls it; sent twice, it counts once."
    )
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    outcome = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    worked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["integration", "sender_id"], name="delivery_once"),
        ]
        indexes = [
            models.Index(fields=["id"], name="delivery_waiting", condition=Q(state="waiting")),
            models.Index(fields=["integration", "-id"], name="delivery_newest_first"),
            models.Index(fields=["received_at"], name="delivery_to_forget"),
        ]

    def __str__(self) -> str:
        return f"{self.integration_id}/{self.sender_id}"

    @property
    def text(self) -> str:
        return bytes(self.body).decode("utf-8", "replace")


class TierPolicy(models.Model):
    """What a tier means: for people, for targets, and what an alert of its services leads to."""

    class OnQuiet(models.TextChoices):
        RESOLVE = "resolve", "resolve the incident"
        MITIGATE = "mitigate", "mark it mitigated; a person resolves it"
        NOTHING = "nothing", "leave it to people"

    tier = models.CharField(max_length=20, unique=True)
    meaning = models.TextField(blank=True, help_text="Which services are of this tier.")
    paging = models.TextField(blank=True, help_text="Who is called, when, and how fast.")
    target = models.DecimalField(
        "availability",
        max_digits=7,
        decimal_places=4,
        default=Decimal("99.5"),
        help_text="Percent, for objectives of services that have no reason for another.",
    )
    opens_after = models.PositiveIntegerField(
        "opens after",
        default=0,
        help_text="Minutes an alert must fire before it opens an incident.",
    )
    on_quiet = models.CharField(
        "when all alerts have ended", max_length=10, choices=OnQuiet, default=OnQuiet.RESOLVE
    )
    quiet_after = models.PositiveIntegerField(
        "after", default=5, help_text="Minutes without a firing alert before that is done."
    )
    postmortem_for = models.CharField(
        "postmortem needed for",
        max_length=40,
        blank=True,
        validators=[RegexValidator(r"^(SEV[1-4]([, ]+|$))*$", "List severities: SEV1, SEV2.")],
        help_text="Severities, such as SEV1, SEV2.",
    )
    postmortem_within = models.PositiveSmallIntegerField(
        "within", default=5, help_text="Days after the incident was resolved."
    )

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "tier policies"

    def __str__(self) -> str:
        return self.tier

    def get_absolute_url(self) -> str:
        return reverse("incidents:intake-rules")


class MaintenanceWindow(models.Model):
    """While it lasts, alerts of these services are kept but open no incident."""

    services = models.ManyToManyField("incidents.Service", related_name="maintenance")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="maintenance_ends_after_start",
                violation_error_message="It must end after it starts.",
            ),
        ]

    def __str__(self) -> str:
        return self.reason

    def get_absolute_url(self) -> str:
        return reverse("incidents:intake-rules")


class DeployRule(models.Model):
    """Which jobs of a build server change a service, and which service that is."""

    pattern = models.CharField(
        max_length=200, unique=True, help_text="Name of the job; * stands for anything: deploy-*"
    )
    service = models.ForeignKey(
        "incidents.Service",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: what * stands for is the service's name.",
    )
    kind = models.CharField(max_length=20, default="deploy")
    ignore = models.BooleanField("is no change", default=False)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.pattern

    def get_absolute_url(self) -> str:
        return reverse("incidents:intake-rules")

    def named(self, job: str) -> str | None:
        """The service's name for `job`, or None when the rule is not about it."""
        if not fnmatchcase(job, self.pattern):
            return None
        if self.service:
            return self.service.name
        before, _, after = self.pattern.partition("*")
        return job[len(before) : len(job) - len(after) if after else None]
