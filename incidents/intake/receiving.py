"""Receives a delivery: checks who sent it and stores it. `processing.py` does the rest later."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from common.log_context import log_context
from common.signing import FOREVER, SignedRequest
from common.written_query import WrittenQuery
from incidents.intake.wake_workers import wake_workers
from incidents.models import Delivery, Integration, IntegrationSecret
from incidents.webhooks import registry
from incidents.webhooks.base import Incoming

MAX_BYTES = 4 * 1024 * 1024
TEST_MARK = "x-causebook-test"
"""A delivery with this header is a test: `marked_as_test.py` says what becomes of it."""
STORED_HEADERS = ("content-type", "user-agent", "x-github-event", "x-event-key", TEST_MARK)
REQUEST_ID = "x-request-id"
"""Stored as this product answered it, so that the worker's log names the request too."""


class UnknownIntegration(Exception):
    """No such integration, or it is switched off."""


_VALID = "other.enabled AND first.revoked_at IS NULL"
_NEWEST_FIRST = "ORDER BY first.id DESC"
_BY_SLUG = WrittenQuery(
    IntegrationSecret, "integration", f"other.slug = %s AND {_VALID} {_NEWEST_FIRST}"
)
_BY_HINT = WrittenQuery(
    IntegrationSecret,
    "integration",
    f"other.kind = %s AND first.hint = %s AND {_VALID} {_NEWEST_FIRST}",
)


def find_integration(slug: str) -> tuple[Integration, list[str]]:
    """The integration at an address and its valid secrets. Raises UnknownIntegration."""
    rows = _BY_SLUG.rows(slug)
    if not rows:
        raise UnknownIntegration
    return rows[0].integration, [row.text for row in rows]


def find_by_secret(kind: str, key: str) -> tuple[Integration, list[str]]:
    """The integration of `kind` that has this secret, for senders that all post to one address."""
    for row in _BY_HINT.rows(kind, key[-4:]):
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
    # The sample of a test has the same id each time.
    given_id = "" if TEST_MARK in headers else plugin().sender_id(incoming)
    sender_id = given_id.replace("\x00", "")[:200]
    digest = hashlib.sha256(body).hexdigest()
    stored_headers = {name: headers[name][:300] for name in STORED_HEADERS if name in headers}
    if request_id := log_context().get("request_id"):
        stored_headers[REQUEST_ID] = request_id
    delivery = Delivery(
        integration=integration,
        sender_id=sender_id or uuid.uuid4().hex,
        digest=digest,
        headers=stored_headers,
        body=body,
        received_at=now,
        not_before=now,
    )
    with transaction.atomic():
        if repeats_within == FOREVER or not sender_id:
            _wait_for_copies(integration, digest)
            earlier = _copied(integration, digest, repeats_within)
            if earlier:
                return earlier
        Delivery.objects.bulk_create([delivery], ignore_conflicts=True)
    wake_workers()
    return delivery.sender_id


def _wait_for_copies(integration: Integration, digest: str) -> None:
    """Let copies that arrive at the same time store one after another; others do not wait.

    A unique constraint cannot say “of the last minutes”. The lock ends with the transaction.
    """
    with connection.cursor() as cursor:
        lock = (integration.pk << 32 ^ int(digest[:16], 16)) % 2**63
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock])


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
