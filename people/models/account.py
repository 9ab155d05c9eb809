"""What Django's user does not record of an account, and invitations to get one."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from people.models.role import Role
from people.models.team import Team


class Account(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="account")
    must_change_password = models.BooleanField(
        default=False, help_text="Every page leads to changing it first."
    )
    service_account = models.BooleanField(
        default=False, help_text="A program: it has tokens and cannot sign in."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    time_zone = models.CharField(
        max_length=60, blank=True, db_default="", help_text="Of the pages' times; empty: UTC."
    )
    language = models.CharField(
        max_length=20, blank=True, db_default="", help_text="Of pages; empty: as the browser asks."
    )
    incident_columns = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        help_text="Columns of the list of incidents, with commas; empty: the usual ones.",
    )

    def __str__(self) -> str:
        return str(self.user)


class Invitation(models.Model):
    """A link by mail or message with which one person creates their account."""

    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role, default=Role.RESPONDER)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        return (
            self.accepted_at is None
            and self.revoked_at is None
            and self.expires_at > timezone.now()
        )
