"""Which device this browser is, so that its notices end with its sign-out."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from incidents.models import PushDevice

COOKIE, COOKIE_AGE = "push_device", 365 * 24 * 3600


def device_of(request: HttpRequest) -> int | None:
    """The number of the device that this browser was enabled as; it may be removed since."""
    given = request.get_signed_cookie(COOKIE, default="", salt=COOKIE)
    return int(given) if given else None


def remember_device(response: HttpResponse, device: PushDevice) -> None:
    response.set_signed_cookie(
        COOKIE, str(device.pk), salt=COOKIE, max_age=COOKIE_AGE, httponly=True,
        secure=settings.HTTPS, samesite="Lax",
    )  # fmt: skip
