"""Chat workspaces, linked accounts and the channels of incidents."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.urls import reverse
from django.utils import timezone

from common.sealing import SealedSecrets
from incidents.models import Incident


def new_slug() -> str:
    return secrets.token_urlsafe(12)


class Workspace(SealedSecrets):
    """One team, server or bot of a chat platform. `kind` names the plug-in."""

    kind = models.CharField(max_length=30)
    name = models.CharField(max_length=100, unique=True)
    slug = models.CharField(max_length=40, unique=True, default=new_slug, editable=False)
    enabled = models.BooleanField(default=True)
    settings = models.JSONField(default=dict, blank=True)
    sealed = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kb:workspace", args=[self.pk])


class ChatPerson(models.Model):
    """A chat account linked to a user: commands run with that user's permissions."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="people")
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=100, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="chat_people")
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["workspace", "name"]
        verbose_name_plural = "chat people"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "external_id"], name="chat_person_once")
        ]

    def __str__(self) -> str:
        return f"{self.name or self.external_id} in {self.workspace}"


class ChatCode(models.Model):
    """A one-time code that links a chat account to a user when it is typed in chat."""

    LIFETIME = timedelta(minutes=15)

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"for {self.user}"

    @staticmethod
    def digest_of(code: str) -> str:
        return hashlib.sha256(code.strip().upper().encode()).hexdigest()

    @classmethod
    def make(cls, user: User) -> str:
        """A new code for `user`; it replaces an earlier one."""
        # Without letters and digits that look alike, such as O and 0.
        code = "".join(secrets.choice("ABCDEFGHJKMNPQRSTUVWXYZ23456789") for _ in range(10))
        cls.objects.update_or_create(
            user=user,
            defaults={"digest": cls.digest_of(code), "expires_at": timezone.now() + cls.LIFETIME},
        )
        return code

    @classmethod
    def redeem(cls, code: str) -> Any:
        """The user of a valid code, which is used up by this; None for any other code."""
        matching = cls.objects.filter(
            digest=cls.digest_of(code), expires_at__gt=timezone.now()
        ).select_related("user")
        row = matching.first()
        # Of two requests with one code only the one that deletes it gets the user.
        return row.user if row and matching.filter(pk=row.pk).delete()[0] else None


class IncidentChannel(models.Model):
    """A channel about one incident: messages marked there go onto its timeline."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="incident_channels")
    channel = models.CharField(max_length=200)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="chat_channels")

    class Meta:
        db_table = "kb_chatroom"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "channel"], name="chat_room_once")
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.incident.reference}"
