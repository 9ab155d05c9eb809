"""Authentication by token, scopes and rate limits of the API."""

from __future__ import annotations

import time
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.redis_client import redis_client
from common.viewer import limit_to_team
from incidents.models import ApiToken
from incidents.tokens import find_token
from people.acts import Act
from people.permissions import may, refusal


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cb_…`; `Token` instead of `Bearer` works too."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        how, _, given = get_authorization_header(request).decode("latin-1").partition(" ")
        if how.lower() not in ("bearer", "token"):
            return None
        token = find_token(given.strip())
        if token is None:
            raise exceptions.AuthenticationFailed("No token has this text.")
        if not token.is_valid:
            raise exceptions.AuthenticationFailed("This token has expired or was revoked.")
        if not token.user.is_active:
            raise exceptions.AuthenticationFailed("The user of this token was deactivated.")
        # Permission checks read the limit from the user.
        limit_to_team(token.user, token.team_id)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="causebook"'


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def act_of(view: Any, method: str) -> Act | None:
    """The act that a request to `view` is, or None where signing in is enough.

    A view declares `act` for all that write, `acts` by action for those that differ, and
    `act_to_read` where reading takes one too. One with `reads = True` changes nothing, although it
    is called by POST.
    """
    if method in SAFE_METHODS or getattr(view, "reads", False):
        return getattr(view, "act_to_read", None)
    action = getattr(view, "action", None) or method.lower()
    return getattr(view, "acts", {}).get(action, getattr(view, "act", None))


def scope_of(act: Act | None, reads: bool) -> str:
    """The scope that a token needs: settings take `admin`, other writing `file`."""
    if act is not None and act.configures:
        return str(ApiToken.Scope.ADMIN)
    return str(ApiToken.Scope.READ if reads else ApiToken.Scope.FILE)


class HasScope(IsAuthenticated):
    """The person may do what the request does, and the token, if there is one, has the scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        act = act_of(view, request.method or "GET")
        if act is not None and not may(request.user, act):
            self.message = refusal(act)
            return False
        reads = request.method in SAFE_METHODS or getattr(view, "reads", False)
        scope = scope_of(act, reads)
        if isinstance(request.auth, ApiToken) and not request.auth.allows(scope):
            self.message = f"This token may only {request.auth.scope}; this needs “{scope}”."
            return False
        return True


class _RatedRequest(HttpRequest):
    rate: tuple[int, int, float]
    """the limit, what is left of it, and the seconds until it resets"""


class RateLimit(BaseThrottle):
    """Requests per minute for each token or person, counted in Redis.

    While Redis is down nothing is counted: during an incident the API must stay usable.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return True
        most = settings.API_REQUESTS_PER_MINUTE
        now = time.time()
        self.left = 60 - now % 60
        who = f"t{request.auth.pk}" if isinstance(request.auth, ApiToken) else f"u{request.user.pk}"
        key = f"rate:{who}:{int(now // 60)}"
        try:
            both = redis_client().pipeline(transaction=False)
            both.incr(key)
            both.expire(key, 90)
            count, _ = both.execute()
        except (RedisError, OSError):
            return True
        # On Django's request, where the middleware that writes the headers finds it.
        cast("_RatedRequest", request._request).rate = (most, max(0, most - count), self.left)
        return count <= most

    def wait(self) -> float:
        return self.left


def rate_headers(get_response: Any) -> Any:
    """Middleware: RateLimit headers say how much of the limit is left."""

    def respond(request: Any) -> Any:
        response = get_response(request)
        if rate := getattr(request, "rate", None):
            most, left, seconds = rate
            response["RateLimit-Limit"] = str(most)
            response["RateLimit-Remaining"] = str(left)
            response["RateLimit-Reset"] = f"{seconds:.0f}"
        return response

    return respond
