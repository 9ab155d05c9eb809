"""The devices that show a person's notices, on their account page; and the service worker."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.push_cookie import device_of, remember_device
from accounts.sign_in.sessions import device_name
from common import web_push
from common.sealing import UnreadableSecret
from common.viewer import signed_in
from common.web_push import Recipient
from incidents.models import PushDevice
from incidents.push import devices, sending
from incidents.web.shortcuts import show_errors

LONGEST_KEY = 200


def shown_devices(request: HttpRequest) -> dict[str, Any]:
    """What the section of the account page needs."""
    try:
        key = web_push.public_key(devices.private_key())
    except UnreadableSecret:
        key = ""
    rows = PushDevice.objects.filter(user=signed_in(request))
    return {"push_devices": rows, "push_key": key, "this_device": device_of(request)}


def _to_section() -> HttpResponse:
    return redirect(f"{reverse('account')}#notifications")


@require_POST
def enable(request: HttpRequest) -> HttpResponse:
    given = request.POST
    recipient = Recipient(
        given.get("endpoint", "")[: web_push.LONGEST_ENDPOINT + 1],
        given.get("p256dh", "")[:LONGEST_KEY],
        given.get("auth", "")[:LONGEST_KEY],
    )
    name = device_name(request.headers.get("User-Agent", ""))
    session_key = request.session.session_key or ""
    try:
        device = devices.enable(signed_in(request), recipient, name, session_key)
    except ValidationError as error:
        show_errors(request, error)
        return _to_section()
    messages.success(request, _("Notifications are enabled on this device."))
    response = _to_section()
    remember_device(response, device)
    return response


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    if devices.remove(signed_in(request), pk):
        messages.success(request, _("The device is removed."))
    return _to_section()


@require_POST
def test(request: HttpRequest, pk: int) -> HttpResponse:
    device = get_object_or_404(PushDevice, pk=pk, user=signed_in(request))
    try:
        sending.send_test(device, reverse("account"))
    except sending.NotSent as error:
        messages.error(request, format_lazy(_("The test was not sent. {why}"), why=str(error)))
    else:
        messages.success(request, format_lazy(_("A test is sent to {device}."), device=device.name))
    return _to_section()


@cache
def _service_worker() -> bytes:
    path = settings.BASE_DIR / "static" / "causebook" / "service-worker.js"
    return bytes(path.read_bytes())


@login_not_required
@require_GET
def service_worker(_request: HttpRequest) -> HttpResponse:
    """At the root, as a worker serves the pages below its own address."""
    return HttpResponse(_service_worker(), content_type="text/javascript; charset=utf-8")
