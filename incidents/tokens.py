"""API tokens: create, find by text, revoke."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.row_limits import require_space
from common.written_query import WrittenQuery
from incidents.models.token import ApiToken
from incidents.permissions import CREATE_ADMIN_TOKENS
from people import audit
from people.models import Team
from people.permissions import may, refusal

PREFIX = "cb_"
USE_RECORDED_EVERY = timedelta(minutes=1)
LONGEST_DAYS = 3650
MOST_TOKENS = 200


def _digest(text: str) -> str:
    # The text is 256 random bits: a slow hash would protect nothing and cost each request.
    return hashlib.sha256(text.encode()).hexdigest()


def longest_days() -> int:
    """The longest life of a new token, by the setting API_TOKEN_MAX_DAYS."""
    return min(settings.API_TOKEN_MAX_DAYS or LONGEST_DAYS, LONGEST_DAYS)


def _expiry(days: int | None, by: ApiToken | None) -> datetime | None:
    """When a new token ends: never later than the one that creates it. Raises ValidationError."""
    longest, latest = longest_days(), by.expires_at if by else None
    if days is not None and not 1 <= days <= longest:
        raise ValidationError(
            {
                "days": ValidationError(
                    _("Choose between 1 and %(most)s days."), params={"most": longest}
                )
            }
        )
    lives = days or (longest if settings.API_TOKEN_MAX_DAYS else 0)
    chosen = timezone.now() + timedelta(days=lives) if lives else None
    if latest is None or (chosen and chosen <= latest):
        return chosen
    if days is not None:
        raise ValidationError(
            {
                "days": ValidationError(
                    _("This token expires at %(time)s UTC: choose no later time."),
                    params={"time": f"{latest:%Y-%m-%d %H:%M}"},
                )
            }
        )
    return latest


def _check_width(by: ApiToken, scope: str, team: Team | None) -> None:
    """Raises ValidationError by field if a token creates one that may more than itself."""
    if not by.is_valid:
        raise ValidationError(_("This token has expired or was revoked."))
    if not by.allows(scope):
        raise ValidationError(
            {
                "scope": ValidationError(
                    _("This token may only %(scope)s."), params={"scope": by.scope}
                )
            }
        )
    if by.team_id and (team is None or team.pk != by.team_id):
        raise ValidationError(
            {
                "team": ValidationError(
                    _("This token is of the team %(team)s."), params={"team": by.team}
                )
            }
        )


def create_token(
    user: User,
    name: str,
    scope: str = "read",
    team: Team | None = None,
    days: int | None = None,
    *,
    by: User | None = None,
    with_token: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """A new token of `user` and its text, which is not stored. Raises ValidationError by field.

    `by` creates it for a service account. `with_token` is the token of the request: what it creates
    is no wider and lives no longer than itself.
    """
    if scope in ApiToken.Scope.values and with_token:
        _check_width(with_token, scope, team)
    if scope == ApiToken.Scope.ADMIN:
        # Whoever creates it could use it, so both need the role.
        for person in {user, by or user}:
            if not may(person, CREATE_ADMIN_TOKENS):
                raise ValidationError({"scope": refusal(CREATE_ADMIN_TOKENS)})
    require_space(
        user.api_tokens.filter(revoked_at=None), MOST_TOKENS, "name", _("A person has tokens,")
    )
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        user=user, name=name.strip(), scope=scope, team=team, digest=_digest(text), hint=text[-4:],
        expires_at=_expiry(days, with_token), created_by=by or user, created_with=with_token,
    )  # fmt: skip
    token.full_clean()
    token.save()
    return token, text


_BY_DIGEST = WrittenQuery(ApiToken, "user", "first.digest = %s")


def find_token(text: str) -> ApiToken | None:
    """The token of this text, valid or not; records that it was used, once a minute."""
    token = next(iter(_BY_DIGEST.rows(_digest(text))), None)
    now = timezone.now()
    if token and (token.last_used_at is None or now - token.last_used_at > USE_RECORDED_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def revoke(tokens: QuerySet[ApiToken]) -> int:
    """End tokens and those that they created, so that a stolen one leaves nothing behind."""
    found = set(tokens.values_list("pk", flat=True))
    newest = found
    while newest:
        created = ApiToken.objects.filter(created_with__in=newest).values_list("pk", flat=True)
        newest = set(created) - found
        found |= newest
    valid = ApiToken.objects.filter(pk__in=found, revoked_at=None)
    return audit.update(valid, revoked_at=timezone.now())


def own_tokens(user: User, with_token: ApiToken | None = None) -> QuerySet[ApiToken]:
    """The tokens of a person; one that is limited to a team sees those of this team only."""
    tokens = ApiToken.objects.filter(user=user)
    return tokens.filter(team=with_token.team_id) if with_token and with_token.team_id else tokens


def revoke_own(token: ApiToken, with_token: ApiToken | None = None) -> None:
    """Revoke a token of one's own. Raises PermissionDenied if a token may not end that one."""
    own = with_token is None or with_token.pk in (token.pk, token.created_with_id)
    if not own and with_token and not with_token.allows(ApiToken.Scope.ADMIN):
        raise PermissionDenied(
            "This token can revoke only itself and what it created; revoking others needs the "
            "scope “admin”, or the page of your tokens."
        )
    revoke(ApiToken.objects.filter(pk=token.pk))
