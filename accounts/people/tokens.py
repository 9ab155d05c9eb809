"""The tokens of everybody: find and end them."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.models import ApiToken
from incidents.tokens import revoke
from people.permissions import MANAGE_TOKENS, require

STATES = {
    "active": _("Active"),
    "ended": _("Revoked or expired"),
    "unused": _("Active, unused"),
}


def all_tokens(by: User) -> QuerySet[ApiToken]:
    require(by, MANAGE_TOKENS)
    return ApiToken.objects.select_related("user", "user__account", "created_by", "team")


def tokens_in_state(tokens: QuerySet[ApiToken], state: str) -> QuerySet[ApiToken]:
    """Those in one of STATES; all of them for any other word."""
    valid = Q(revoked_at=None, user__is_active=True) & (
        Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    )
    if state == "active":
        return tokens.filter(valid)
    if state == "unused":
        return tokens.filter(valid, last_used_at=None)
    return tokens.exclude(valid) if state == "ended" else tokens


def matching_tokens(tokens: QuerySet[ApiToken], words: str) -> QuerySet[ApiToken]:
    """Those whose name, owner or end of text has the words."""
    words = words.replace("\x00", "").strip()[:100]
    if not words:
        return tokens
    return tokens.filter(
        Q(name__icontains=words)
        | Q(user__username__icontains=words)
        | Q(created_by__username__icontains=words)
        | Q(hint=words[-4:])
    )


def created_for_others(person: User) -> QuerySet[ApiToken]:
    """Valid tokens whose text somebody may know who is not their owner."""
    return tokens_in_state(
        ApiToken.objects.filter(created_by=person).exclude(user=F("created_by")), "active"
    )


def end_tokens(keys: Iterable[int], by: User) -> int:
    """Revoke tokens, whoever has them; how many that ended."""
    require(by, MANAGE_TOKENS)
    return revoke(ApiToken.objects.filter(pk__in=list(keys)))
