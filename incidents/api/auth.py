"""Authentication by token, scopes and rate limits of the API."""

from __future__ import annotations

import time
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from redis import Redis
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from common.viewer import limit_to_team
from incidents.models import ApiToken
from incidents.tokens import find_token


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


class HasScope(IsAuthenticated):
    """GET needs the scope `read`, writing `file`; a view may set another `scope`.

    A view with a `permission` also needs that, as pages do. A view with `reads = True` changes
    nothing, although it is called by POST.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        scope = getattr(view, "scope", "")
        permission = getattr(view, "permission", "")
        if permission and not request.user.has_perm(permission):
            self.message = f"This needs the permission {permission}."
            return False
        reads = request.method in SAFE_METHODS or getattr(view, "reads", False)
        scope = str(scope or ("read" if reads else "file"))
        if isinstance(request.auth, ApiToken) and not request.auth.allows(scope):
            self.message = f"This token may only {request.auth.scope}; this needs “{scope}”."
            return False
        return True


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


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
            both = _redis().pipeline(transaction=False)
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
