"""API tokens: who asks, what they may do, until when. The text of one is shown once, never kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Q, QuerySet
from django.utils import timezone

PREFIX = "cb_"
SEEN_EVERY = timedelta(minutes=1)


class ApiToken(models.Model):
    """A token acts as its user, narrowed to a scope and, with one, to a team's incidents."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        FILE = "file", "Read, file and edit"
        ADMIN = "admin", "Everything, settings too"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="Who or what will use it.")
    scope = models.CharField(max_length=10, choices=Scope, default=Scope.READ)
    team = models.CharField(
        max_length=100, blank=True, help_text="Only incidents of this team's services."
    )
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8, help_text="How its text ends.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
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


def _digest(text: str) -> str:
    # The text is 256 random bits: a slow hash would protect nothing and cost each request.
    return hashlib.sha256(text.encode()).hexdigest()


def make_token(
    user: Any, name: str, scope: str = "read", team: str = "", days: int | None = None
) -> tuple[ApiToken, str]:
    """A new token and its text, which cannot be had again. Raises ValidationError by field."""
    if days is not None and not 1 <= days <= 3650:
        raise ValidationError({"days": "Choose between 1 and 3650 days."})
    if scope == ApiToken.Scope.ADMIN and not user.is_staff:
        raise ValidationError({"scope": "Only administrators make tokens for everything."})
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        user=user, name=name.strip(), scope=scope, team=team.strip(), digest=_digest(text),
        hint=text[-4:], expires_at=timezone.now() + timedelta(days=days) if days else None,
    )  # fmt: skip
    token.full_clean()
    token.save()
    return token, text


NO_DIGEST = "-"


@cache
def _by_digest() -> tuple[str, list[str], list[str]]:
    """The query for a token with its user, and the fields of both: each request asks it, and
    composing it takes several times as long as answering it."""
    found = ApiToken.objects.select_related("user").filter(digest=NO_DIGEST)
    query, _ = found.query.sql_with_params()
    users: Any = get_user_model()
    names = [
        [field.attname for field in model._meta.concrete_fields] for model in (ApiToken, users)
    ]
    return query, *names


def _read_token(text: str) -> ApiToken | None:
    query, of_token, of_user = _by_digest()
    with connection.cursor() as cursor:
        cursor.execute(query, [_digest(text)])
        row: Any = cursor.fetchone()
    if row is None:
        return None
    token = ApiToken.from_db(connection.alias, of_token, row[: len(of_token)])
    token.user = get_user_model().from_db(connection.alias, of_user, row[len(of_token) :])
    return token


def find_token(text: str) -> ApiToken | None:
    """The token of this text, whether or not it still holds; remembers that it was used."""
    token = _read_token(text)
    now = timezone.now()
    if token and (token.last_used_at is None or now - token.last_used_at > SEEN_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def revoke(tokens: QuerySet[ApiToken]) -> int:
    return tokens.filter(revoked_at=None).update(revoked_at=timezone.now())


class KeptAnswer(models.Model):
    """What a creation with an `Idempotency-Key` answered, to answer the same again."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request = models.CharField(max_length=64, help_text="Digest of address and body.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="kept_answer_once")]

    def __str__(self) -> str:
        return self.key


KEPT_FOR = timedelta(days=2)


def forget_answers() -> int:
    return KeptAnswer.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]
