"""Devices that show a person's notices, the key that signs for them, and what is sent to them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.check_constraints import CheckConstraint
from common.leased_jobs import LeasedJob
from common.sealing import SealedSecrets
from incidents.models.notice import Notice


class PushKey(SealedSecrets):
    """The key of this installation, in one row. Browsers subscribe to it."""

    sealed = models.TextField(help_text="The private key.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [CheckConstraint(condition=Q(pk=1), name="push_key_is_one")]

    def __str__(self) -> str:
        return "key of push notifications"


class PushDevice(SealedSecrets):
    """A browser that a person chose to get their notices on."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="push_devices")
    name = models.CharField(max_length=100)
    service = models.CharField(max_length=200, help_text="The host of its push service.")
    sealed = models.TextField(help_text="Its address at the push service, and its keys.")
    digest = models.CharField(max_length=64, unique=True, help_text="Of that address.")
    session_key = models.CharField(
        max_length=40, blank=True, help_text="The session that it is signed in with."
    )
    trouble = models.CharField(
        max_length=300, blank=True, help_text="Why the last message did not arrive."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class PushDelivery(LeasedJob):
    """One notice to be shown on one device, with its attempts and outcome."""

    device = models.ForeignKey(PushDevice, models.CASCADE, related_name="deliveries")
    notice = models.ForeignKey(
        Notice,
        models.CASCADE,
        related_name="push_deliveries",
        db_index=False,  # The constraint below has an index that begins with it.
    )

    class Meta:
        verbose_name_plural = "push deliveries"
        constraints = [
            models.UniqueConstraint(fields=["notice", "device"], name="push_delivery_once")
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="push_to_do",
                condition=Q(state__in=["waiting", "claimed"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice} → {self.device}"
