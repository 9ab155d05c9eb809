"""Middleware: sessions end in time, a trusted proxy signs in, required steps come first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone

from accounts.receivers import ADD_FACTOR, CHANGE_PASSWORD, MUST
from accounts.sign_in import second_factor, sessions, trusted_proxy
from common.viewer import signed_in
from people.preferences import time_zone_of

Respond = Callable[[HttpRequest], HttpResponse]
BACKEND = "people.backends.RoleBackend"
BY_PROXY = "signed_in_by_proxy"


def session_limits(get_response: Respond) -> Respond:
    """Sign out who was idle, or signed in, for too long; record when a session was seen."""

    def respond(request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session:
            if sessions.has_expired(request.session):
                auth.logout(request)
            elif _is_activity(request) and sessions.record_use(request.session):
                _record(request)
        return get_response(request)

    return respond


def _is_activity(request: HttpRequest) -> bool:
    """Pages ask for their parts by themselves: that does not keep a session alive."""
    return request.method != "GET" or not (
        "HX-Request" in request.headers or request.path.startswith("/api/")
    )


def _record(request: HttpRequest) -> None:
    key = request.session.session_key
    if key and not sessions.seen_now(key) and request.user.is_authenticated:
        UserSession.objects.create_from_request(request)


def trusted_proxy_name(request: HttpRequest) -> str:
    """What META calls the header with the username."""
    return "HTTP_" + settings.PROXY_USER_HEADER.upper().replace("-", "_")


def trusted_proxy_person(request: HttpRequest) -> None:
    name = trusted_proxy_name(request)
    if not trusted_proxy.is_trusted(request.META.get("REMOTE_ADDR", "")):
        # Whoever sends it from elsewhere is nobody by it; other code must not see it either.
        request.META.pop(name, None)
        request.__dict__.pop("headers", None)
        return
    named = request.META.get(name, "").strip()
    by_proxy = request.session.get(BY_PROXY)
    if by_proxy and by_proxy != named.lower():
        auth.logout(request)
    if not named or request.session.get(BY_PROXY) == named.lower():
        return
    person = trusted_proxy.person_named(request.headers)
    if person is None:
        auth.logout(request)
        return
    if sentence := trusted_proxy.apply_header_groups(person, request.headers):
        messages.warning(request, sentence)
    auth.login(request, person, backend=BACKEND)
    request.session[BY_PROXY] = named.lower()
    # The proxy decides on passwords and second factors.
    request.session.pop(MUST, None)
    UserSession.objects.create_from_request(request)


def trusted_proxy_middleware(get_response: Respond) -> Respond:
    def respond(request: HttpRequest) -> HttpResponse:
        if settings.PROXY_USER_HEADER:
            trusted_proxy_person(request)
        return get_response(request)

    return respond


def own_time_zone(get_response: Respond) -> Respond:
    """Pages show and read times in the zone of who reads them; the API is in UTC."""

    def respond(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return get_response(request)
        with timezone.override(time_zone_of(request.user)):
            return get_response(request)

    return respond


class RequiredSteps:
    """Until the password is changed, or a second factor added, every page leads there."""

    PAGES = {CHANGE_PASSWORD: "account_change_password", ADD_FACTOR: "account"}
    ALWAYS = {"login", "account_login", "logout", "account_logout", "healthz", "livez", "readyz"}
    SENTENCES = {
        CHANGE_PASSWORD: "Sign in and choose a password of your own first.",
        ADD_FACTOR: "Sign in and add a second factor first.",
    }

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, options: Any
    ) -> HttpResponse | None:
        must = request.session.get(MUST)
        if must == ADD_FACTOR and second_factor.has_one(signed_in(request)):
            del request.session[MUST]
            must = None
        if must is None or not self._in_the_way(request, must):
            return None
        if request.path.startswith("/api/") and "Authorization" in request.headers:
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": self.SENTENCES[must]}, status=403)
        return HttpResponseRedirect(reverse(self.PAGES[must]))

    def _in_the_way(self, request: HttpRequest, must: str) -> bool:
        match = request.resolver_match
        name = (match.view_name if match else "") or ""
        if name in self.ALWAYS or name == self.PAGES[must]:
            return False
        factors = name.startswith("mfa_") or name == "account_reauthenticate"
        return not (must == ADD_FACTOR and factors)
