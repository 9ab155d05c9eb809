"""Which devices show a person's notices: enabled by them, removed by them and by sign-out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from common import web_push
from common.web_push import Recipient
from incidents.models import PushDevice, PushKey

MOST_DEVICES = 10


def private_key() -> str:
    """The key of this installation, made by the first who needs it. Raises UnreadableSecret."""
    row = PushKey.objects.filter(pk=1).first()
    if row is None:
        made = PushKey(pk=1)
        made.secrets = {"private_key": web_push.new_private_key()}
        # Of two at one moment, the second gets the key of the first.
        row, _made = PushKey.objects.get_or_create(pk=1, defaults={"sealed": made.sealed})
    return row.secrets["private_key"]


@transaction.atomic
def renew_key() -> int:
    """Remove the key, and the devices that are subscribed with it; returns how many.

    The next who opens their account page makes another.
    """
    removed = _delete(PushDevice.objects.all())
    _delete(PushKey.objects.all())
    return removed


def own_services() -> frozenset[str]:
    """Hosts of push services that the settings allow."""
    return frozenset(settings.PUSH_SERVICES)


@transaction.atomic
def enable(person: User, recipient: Recipient, name: str, session_key: str) -> PushDevice:
    """Show the notices of `person` on a device. Raises ValidationError.

    A browser that another person enabled is theirs no more.
    """
    try:
        service = web_push.service_of(recipient.endpoint, own_services())
        web_push.check_keys(recipient)
    except ValueError as error:
        raise ValidationError(
            _("This browser's push service cannot be used: %(why)s"), params={"why": str(error)}
        ) from error
    digest = hashlib.sha256(recipient.endpoint.encode()).hexdigest()
    PushDevice.objects.filter(digest=digest).exclude(user=person).delete()
    device = PushDevice.objects.filter(digest=digest).first()
    if device is None:
        if person.push_devices.count() >= MOST_DEVICES:
            raise ValidationError(
                _("You have %(most)s devices already: remove one first."),
                params={"most": MOST_DEVICES},
            )
        device = PushDevice(user=person, digest=digest)
    device.name, device.service, device.trouble = name[:100], service, ""
    device.session_key = session_key
    device.secrets = {
        "endpoint": recipient.endpoint, "p256dh": recipient.p256dh, "auth": recipient.auth,
    }  # fmt: skip
    device.save()
    return device


def signed_in(person: User, device: int, session_key: str) -> None:
    """Somebody signed in with a browser that is this device."""
    PushDevice.objects.filter(pk=device).exclude(user=person).delete()
    PushDevice.objects.filter(pk=device).update(session_key=session_key)


def remove(person: User, device: int | None = None) -> int:
    """Remove one device of a person, or all; returns how many."""
    devices = PushDevice.objects.filter(user=person)
    if device is not None:
        devices = devices.filter(pk=device)
    return _delete(devices)


def remove_with_sessions(person: User, session_keys: Iterable[str]) -> None:
    """Remove the devices that are signed in with sessions which end."""
    _delete(PushDevice.objects.filter(user=person, session_key__in=list(session_keys)))


def remove_others(person: User, session_key: str | None) -> None:
    """Remove all devices but the one that is signed in with this session, if one is given."""
    devices = PushDevice.objects.filter(user=person)
    if session_key:
        devices = devices.exclude(session_key=session_key)
    _delete(devices)


def _delete(rows: QuerySet[Any]) -> int:
    """One by one, as the audit log records each; returns how many."""
    found = list(rows)
    for row in found:
        row.delete()
    return len(found)
