"""API tokens, and responses stored for repeated requests with an Idempotency-Key."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.check_constraints import CheckConstraint
from people.models import Team


class ApiToken(models.Model):
    """Acts as its user, limited to a scope and, optionally, to the incidents of a team."""

    class Scope(models.TextChoices):
        READ = "read", _("Read")
        FILE = "file", _("Read, file and edit")
        ADMIN = "admin", _("Everything, settings too")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="Another person than its owner for a service account.",
    )  # fmt: skip
    created_with = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="created",
        help_text="The token that created it, which ends it too.",
    )  # fmt: skip
    name = models.CharField(max_length=100, help_text="Who or what will use it.")
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.READ)
    # A token does not outlive its limit.
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="+",
        help_text="Only incidents of this team's services.",
    )  # fmt: skip
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8, help_text="How its text ends.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            CheckConstraint(
                condition=Q(scope__in=["read", "file", "admin"]), name="apitoken_scope_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"

    @property
    def is_valid(self) -> bool:
        now = timezone.now()
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def allows(self, scope: str) -> bool:
        order = self.Scope.values
        return order.index(self.scope) >= order.index(scope)


class IdempotentResponse(models.Model):
    """The response to a request with an `Idempotency-Key`; a repeated request gets it again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request = models.CharField(max_length=64, help_text="Digest of address and body.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        db_table = "incidents_keptanswer"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once")]

    def __str__(self) -> str:
        return self.key
