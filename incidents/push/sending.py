"""Sends notices about incidents to the devices of people, with retries.

Who may see what is checked when it is sent. The push service sees the address and the length of a
message, and nothing of its text.
"""

from __future__ import annotations

import json
from datetime import timedelta
from time import monotonic
from typing import Any

import httpx
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone

from common import web_push
from common.leased_jobs import claim, claimable, finish, retry_later
from common.log_context import logging_about
from common.outbound_addresses import REQUEST_FAILED, http_client
from common.redaction import redact
from common.retry_after import seconds_to_wait
from common.sealing import UnreadableSecret
from common.site_url import public_url
from common.web_push import Recipient
from incidents.events.pages import incident_at, may_open
from incidents.models import Incident, Notice, PushDelivery, PushDevice
from incidents.push.devices import own_services, private_key

LEASE = timedelta(seconds=30)
TIMEOUT = 5.0
MAX_ATTEMPTS = 8
BATCH = 200
LIVES = 12 * 3600
"""Seconds that a push service stores a message for a device that is off."""
LONGEST_WAIT, USUAL_WAIT = 900.0, 30.0
LONGEST_TITLE, LONGEST_TEXT = 150, 300
ICON = "causebook/icon-192.png"
NO_SUBSCRIPTION = (httpx.codes.NOT_FOUND, httpx.codes.GONE)


class NotSent(Exception):
    """The message says why; with `gone` the device is subscribed no more, with `passing` it is
    worth another attempt after `wait` seconds."""

    def __init__(
        self, why: str, *, gone: bool = False, passing: bool = False, wait: float = 0.0
    ) -> None:
        super().__init__(why)
        self.gone, self.passing, self.wait = gone, passing, wait


def send_due(seconds: float = 8.0) -> int:
    """Send the messages that are due; returns how many were sent."""
    deadline, sent = monotonic() + seconds, 0
    due = PushDelivery.objects.filter(claimable()).order_by("not_before")
    for pk in list(due.values_list("pk", flat=True)[:BATCH]):
        if monotonic() > deadline:
            break
        sent += deliver(pk)
    return sent


def deliver(pk: int) -> bool:
    """Send one message; returns whether it was sent."""
    rows = PushDelivery.objects.select_related("device", "notice__user")
    delivery = claim(rows, pk, LEASE)
    if delivery is None:
        return False
    device, notice = delivery.device, delivery.notice
    incident = Incident.objects.filter(pk=incident_at(notice.path) or 0).first()
    if incident is None or device.user_id != notice.user_id or not _may_read(notice):
        finish(delivery, "Its person may not see this.")
        return False
    with logging_about(incident_id=incident.pk):
        try:
            send(device, message_about(incident, notice), topic=incident.reference)
        except NotSent as error:
            _not_sent(delivery, error)
            return False
    finish(delivery)
    return True


def _may_read(notice: Notice) -> bool:
    return notice.user.is_active and may_open(notice.user, notice.path)


def _not_sent(delivery: PushDelivery, error: NotSent) -> None:
    if error.gone:
        return  # The delivery was deleted with its device.
    if error.passing and delivery.attempts < MAX_ATTEMPTS:
        retry_later(delivery, str(error), timedelta(seconds=error.wait))
    else:
        finish(delivery, str(error))


def message_about(incident: Incident, notice: Notice) -> dict[str, Any]:
    """What the service worker shows. A locked screen shows it too: nothing of private incidents."""
    title = f"{incident.reference} (private)"
    text = ""
    if not incident.private:
        title = redact(f"{incident.reference}: {incident.title}")[:LONGEST_TITLE]
        text = redact(notice.text)[:LONGEST_TEXT]
    return {
        "number": incident.pk,
        "title": title,
        "severity": incident.severity,
        "text": text,
        "path": incident.get_absolute_url(),
    }


def send_test(device: PushDevice, path: str) -> None:
    """A message to see whether the device shows any; it opens `path`. Raises NotSent."""
    text = "Notifications about your incidents arrive on this device."
    send(device, {"title": "Causebook", "text": text, "path": path})


def send(device: PushDevice, message: dict[str, Any], topic: str = "test") -> None:
    """Of undelivered messages on one topic, a device gets the last. Raises NotSent.

    A device that is subscribed no more is deleted.
    """
    try:
        _send(device, message, topic)
    except NotSent as error:
        if error.gone:
            device.delete()
        else:
            PushDevice.objects.filter(pk=device.pk).update(trouble=str(error)[:300])
        raise
    PushDevice.objects.filter(pk=device.pk).update(last_sent_at=timezone.now(), trouble="")


def _send(device: PushDevice, message: dict[str, Any], topic: str) -> None:
    try:
        recipient = Recipient(**device.secrets)
        # Checked again: the settings may have changed, and the row may come from elsewhere.
        host = web_push.service_of(recipient.endpoint, own_services())
        headers = {
            "Authorization": web_push.proof(
                recipient.endpoint, private_key(), _contact(), timezone.now()
            ),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(LIVES),
            "Topic": topic,
            "Urgency": "high",
            "User-Agent": "causebook",
        }
        shown = {**message, "icon": static(ICON)}
        body = web_push.encrypt(json.dumps(shown).encode(), recipient)
    except (UnreadableSecret, ValueError) as error:
        raise NotSent(str(error)) from error
    try:
        with (
            http_client(timeout=TIMEOUT) as client,
            client.stream("POST", recipient.endpoint, content=body, headers=headers) as response,
        ):
            # Whatever it writes is not read: the status says all.
            status, after = response.status_code, response.headers.get("retry-after", "")
    except REQUEST_FAILED as error:
        raise NotSent(f"{host}: {type(error).__name__}", passing=True) from error
    if httpx.codes.is_success(status):
        return
    if status in NO_SUBSCRIPTION:
        raise NotSent(f"{host} answered {status}: the device is subscribed no more.", gone=True)
    if status == httpx.codes.TOO_MANY_REQUESTS or httpx.codes.is_server_error(status):
        wait = seconds_to_wait(after, usual=USUAL_WAIT, longest=LONGEST_WAIT)
        raise NotSent(f"{host} answered {status}.", passing=True, wait=wait)
    raise NotSent(f"{host} answered {status}. Enable notifications on the device again.")


def _contact() -> str:
    """Whom a push service may write to about what this installation sends."""
    address = public_url()
    return address if address.startswith("https://") else f"mailto:{settings.DEFAULT_FROM_EMAIL}"
