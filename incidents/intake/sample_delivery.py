"""Sends an integration the sample of its kind, as its sender would: signed, checked and stored."""

from __future__ import annotations

import json
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.payloads import BadPayload
from common.signing import NotAuthentic, SignedRequest
from incidents.guides import sample_of
from incidents.intake.receiving import (
    TEST_MARK,
    UnknownIntegration,
    find_integration,
    receive_delivery,
)
from incidents.models import Integration, Service
from incidents.webhooks import registry

AGENT = "Causebook test"


def send_test(integration: Integration, service: Service | None = None) -> str:
    """Deliver the sample with the newest secret, as a test of `service`; the delivery's id.

    Raises ValidationError if the integration cannot receive it, with what to change.
    """
    plugin, sample = registry().get(integration.kind), sample_of(integration.kind)
    if plugin is None or not sample:
        raise ValidationError(_("There is no sample of this kind of sender."))
    try:
        integration, secrets = find_integration(integration.slug)
    except UnknownIntegration:
        raise ValidationError(_("Switch the integration on, and make a secret, first.")) from None
    except ValueError:
        raise ValidationError(_("Its secret cannot be read here: make another first.")) from None
    now = timezone.now()
    headers = {
        "content-type": "application/json",
        "user-agent": AGENT,
        **plugin.sample_headers,
        TEST_MARK: service.name if service else "",
    }
    request = SignedRequest(headers, _another_body(sample, now), now)
    sent = plugin.scheme.authenticated(request, secrets[0])
    try:
        return receive_delivery(integration, secrets, sent.headers, sent.body, sent.key_in_url)
    except (NotAuthentic, BadPayload) as error:
        raise ValidationError(str(error)) from error


def _another_body(sample: bytes, now: datetime) -> bytes:
    """The sample with the time in it, so that it is no copy of the last test."""
    try:
        data = json.loads(sample)
    except ValueError:
        return sample
    if not isinstance(data, dict):
        return sample
    return json.dumps({**data, "causebook_test": now.isoformat()}).encode()
