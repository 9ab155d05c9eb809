"""Security headers of every response: pages, API, static files, errors, badges, hooks."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

NO_FEATURES = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media",
        "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer",
        "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial",
        "usb", "xr-spatial-tracking",
    )
)  # fmt: skip
"""Of what a browser offers to pages, this product needs only the clipboard and passkeys."""
EVERYWHERE = {
    "Permissions-Policy": NO_FEATURES,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}
NO_STORE = "no-store"
PLAIN_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""The policy of what is no page, where django-csp wrote none."""


def security_headers(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """The outermost middleware, so that also static files and errors of others pass it.

    A view that needs another value sets the header itself.
    """

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in EVERYWHERE.items():
            response.headers.setdefault(name, value)
        # Whatever the database holds is for one person, and for no shared computer's
        # cache. Static files and badges say otherwise.
        response.headers.setdefault("Cache-Control", NO_STORE)
        if not settings.DEBUG:
            response.headers.setdefault("Content-Security-Policy", PLAIN_POLICY)
        return response

    return respond
