"""API tokens: create, find by text, revoke."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from incidents.models.token import ApiToken

PREFIX = "cb_"


SEEN_EVERY = timedelta(minutes=1)


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
