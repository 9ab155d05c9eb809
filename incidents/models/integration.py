"""Senders of alerts and changes, their secrets, and what they delivered."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.sealing import seal, unseal


def new_slug() -> str:
    return secrets.token_urlsafe(9)


class Integration(models.Model):
    """A sender of alerts or changes, with a URL of its own."""

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
        help_text=_("For events that name no known service."),
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
    """One of an integration's secrets, sealed; any that is not revoked is accepted."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="secrets")
    sealed = models.TextField()
    hint = models.CharField(max_length=8, help_text="How it ends, to recognise it.")
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
    def issue(
        cls, integration: Integration, author: User | None = None, text: str = ""
    ) -> tuple[IntegrationSecret, str]:
        """A new secret and its text, which is shown once; or one that the sender made."""
        text = text or secrets.token_urlsafe(24)
        secret = cls(integration=integration, sealed=seal({"secret": text}), author=author)
        secret.hint = text[-4:]
        secret.save()
        return secret, text

    @property
    def text(self) -> str:
        """Raises ValueError when SECRET_KEY was replaced and the old one is no fallback."""
        return unseal(self.sealed)["secret"]

    @property
    def is_readable(self) -> bool:
        try:
            return bool(self.text)
        except ValueError:
            return False


class Delivery(models.Model):
    """A request of a sender, stored before it is answered and processed afterwards."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="deliveries")
    sender_id = models.CharField(
        max_length=200, help_text="The sender's id of it: a repeated request is stored once."
    )
    digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the body, to know a copy of it."
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
            models.Index(
                fields=["integration", "digest"], name="delivery_copies", condition=~Q(digest="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.integration_id}/{self.sender_id}"

    @property
    def text(self) -> str:
        return bytes(self.body).decode("utf-8", "replace")
