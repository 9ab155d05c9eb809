"""Receives a delivery: checks who sent it and stores it. `processing.py` does the rest later."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from common.signing import FOREVER, SignedRequest
from incidents.intake.wake_workers import wake_workers
from incidents.models import Delivery, Integration, IntegrationSecret
from incidents.webhooks import registry
from incidents.webhooks.base import Incoming

MAX_BYTES = 4 * 1024 * 1024
STORED_HEADERS = ("content-type", "user-agent", "x-github-event", "x-event-key")


class UnknownIntegration(Exception):
    """No such integration, or it is switched off."""


def _valid_secrets() -> QuerySet[IntegrationSecret]:
    valid = IntegrationSecret.objects.filter(integration__enabled=True, revoked_at=None)
    return valid.select_related("integration")


@cache
def _select() -> tuple[str, list[Any], list[Any]]:
    """The query for an integration with its valid secrets, and the fields of its columns."""
    secret, integration = IntegrationSecret._meta, Integration._meta
    columns = [f'secret."{field.column}"' for field in secret.concrete_fields]
    columns += [f'integration."{field.column}"' for field in integration.concrete_fields]
    query = (
        f"SELECT {', '.join(columns)} "  # noqa: S608  (names of our own columns)
        f'FROM "{secret.db_table}" secret JOIN "{integration.db_table}" integration '
        "ON integration.id = secret.integration_id WHERE integration.slug = %s "
        "AND integration.enabled AND secret.revoked_at IS NULL ORDER BY secret.id DESC"
    )
    return query, list(secret.concrete_fields), list(integration.concrete_fields)


def _read(model: Any, fields: list[Any], row: tuple[Any, ...]) -> Any:
    values = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, row, strict=True)
    ]
    return model.from_db(connection.alias, [field.attname for field in fields], values)


def find_integration(slug: str) -> tuple[Integration, list[str]]:
    """The integration at an address and its valid secrets. Raises UnknownIntegration."""
    # Each delivery asks this: written, the query costs a fraction of what composing it does.
    query, secret_fields, integration_fields = _select()
    with connection.cursor() as cursor:
        cursor.execute(query, [slug])
        rows = cursor.fetchall()
    if not rows:
        raise UnknownIntegration
    split = len(secret_fields)
    secrets = [_read(IntegrationSecret, secret_fields, row[:split]) for row in rows]
    integration = _read(Integration, integration_fields, rows[0][split:])
    return integration, [secret.text for secret in secrets]


def find_by_secret(kind: str, key: str) -> tuple[Integration, list[str]]:
    """The integration of `kind` that has this secret, for senders that all post to one address."""
    for row in _valid_secrets().filter(integration__kind=kind, hint=key[-4:]):
        if hmac.compare_digest(row.text.encode(), key.encode()):
            return row.integration, [row.text]
    raise UnknownIntegration


def receive_delivery(
    integration: Integration,
    secrets: list[str],
    headers: Mapping[str, str],
    body: bytes,
    key_in_url: str = "",
) -> str:
    """Check the sender and store the delivery; its id. Raises NotAuthentic or BadPayload."""
    plugin = registry().get(integration.kind)
    if plugin is None:
        raise UnknownIntegration
    request = SignedRequest(headers, body, timezone.now(), key_in_url)
    plugin.scheme.check(request, secrets)
    return store(integration, headers, body, plugin.scheme.repeats_within(request))


def store(
    integration: Integration, headers: Mapping[str, str], body: bytes, repeats_within: float = 0.0
) -> str:
    """Store a delivery of a sender that was checked; its id. Raises BadPayload.

    A copy of one that is stored gets the id of that one, and nothing else happens.
    """
    plugin, now = registry()[integration.kind], timezone.now()
    incoming = Incoming(headers, body, now, integration.settings)
    if plugin.content == "json":
        incoming.json()
    sender_id = plugin().sender_id(incoming).replace("\x00", "")[:200]
    digest = hashlib.sha256(body).hexdigest()
    if repeats_within == FOREVER or not sender_id:
        earlier = _copied(integration, digest, repeats_within)
        if earlier:
            return earlier
    sender_id = sender_id or uuid.uuid4().hex
    stored_headers = {name: headers[name][:300] for name in STORED_HEADERS if name in headers}
    delivery = Delivery(
        integration=integration,
        sender_id=sender_id,
        digest=digest,
        headers=stored_headers,
        body=body,
        received_at=now,
        not_before=now,
    )
    Delivery.objects.bulk_create([delivery], ignore_conflicts=True)
    wake_workers()
    return sender_id


# As SQL: each delivery asks this, and the ORM takes longer to compose it than the database to run.
_COPIES = f"""
    SELECT sender_id FROM {Delivery._meta.db_table}
    WHERE integration_id = %s AND digest = %s AND digest <> '' AND received_at > %s
    ORDER BY id LIMIT 1
"""  # noqa: S608  (the name of our own table)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _copied(integration: Integration, digest: str, within: float) -> str:
    """The id of the delivery with the same body, stored in the last seconds; empty without one."""
    recent = timezone.now() - timedelta(seconds=within) if within != FOREVER else _BEGINNING
    with connection.cursor() as cursor:
        cursor.execute(_COPIES, [integration.pk, digest, recent])
        found = cursor.fetchone()
    return str(found[0]) if found else ""
