"""Keys of badges: a service's badge is readable without signing in to whoever has its address."""

from __future__ import annotations

import secrets

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from common.viewer import Viewer
from incidents.models import Service
from incidents.permissions import EDIT_SERVICES
from people import audit
from people.permissions import require

_SALT = "badge"


def badge_path(service: Service) -> str:
    """The path of a service's badge, with its key."""
    key = Signer(salt=_SALT).sign(_signed(service)).rpartition(":")[2]
    return f"{reverse('incidents:badge', args=[service.pk])}?key={key}"


def is_key_of(service: Service, key: str) -> bool:
    try:
        Signer(salt=_SALT).unsign(f"{_signed(service)}:{key}")
    except BadSignature:
        return False
    return True


def renew_badge(service: Service, author: Viewer) -> str:
    """The path with a new key; who has a former one sees the badge no longer."""
    require(author, EDIT_SERVICES, service)
    service.badge_key = secrets.token_urlsafe(9)
    # Nobody needs a version of the service in its history for this.
    audit.update(Service.objects.filter(pk=service.pk), badge_key=service.badge_key)
    return badge_path(service)


def _signed(service: Service) -> str:
    """What the key is a signature of: also keys of before services had one of their own."""
    return f"{service.pk}:{service.badge_key}" if service.badge_key else str(service.pk)
