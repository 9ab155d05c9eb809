"""Sends new entries to the receivers that are set. The database is the truth: a cursor for each
receiver says what it has, so that nothing is lost while the receiver or Redis is away, and running
twice does no harm. A receiver may get an entry twice and recognises it by its id."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.audit_log import syslog, webhook
from accounts.audit_log.listing import as_json
from common.redaction import redact
from people.models import AuditCursor, AuditEntry

BATCH = 200
SECONDS = 12.0
"""How long one run goes on; a worker's task ends after 22."""
SETTLES_AFTER = timedelta(seconds=3)
"""Between the number of an entry and its transaction's own, which the horizon compares."""

Send = Callable[[Sequence[dict[str, Any]]], None]
_log = logging.getLogger(__name__)


def receivers() -> dict[str, Send]:
    found: dict[str, Send] = {}
    if url := settings.AUDIT_SYSLOG:
        authority = settings.AUDIT_SYSLOG_CA_FILE
        found["syslog"] = lambda entries: syslog.send(url, entries, authority)
    if hook := settings.AUDIT_WEBHOOK_URL:
        secret = settings.AUDIT_WEBHOOK_SECRET
        found["webhook"] = lambda entries: webhook.send(hook, secret, entries)
    return found


def send_waiting() -> int:
    """Send what has not been sent; returns how many entries, of all receivers."""
    until = time.monotonic() + SECONDS
    return sum(_send_to(name, send, until) for name, send in receivers().items())


def _send_to(name: str, send: Send, until: float) -> int:
    AuditCursor.objects.get_or_create(receiver=name)
    count = 0
    while time.monotonic() < until:
        with transaction.atomic():
            # Whoever sends already has the row; they go on, and this run has nothing to do.
            rows = AuditCursor.objects.select_for_update(skip_locked=True)
            cursor = rows.filter(receiver=name).first()
            if cursor is None:
                return count
            sent = _send_batch(cursor, send)
        count += sent
        if sent < BATCH:
            return count
    return count


def _send_batch(cursor: AuditCursor, send: Send) -> int:
    settled = _settled(cursor)
    new = AuditEntry.objects.filter(pk__gt=cursor.sent, pk__lte=settled)
    batch = list(new.order_by("pk")[:BATCH])
    if batch:
        try:
            send([as_json(entry) for entry in batch])
        except (webhook.NotSent, OSError, ValueError) as error:
            cursor.problem = redact(str(error))[:300] or type(error).__name__
            cursor.save()
            _log.warning(
                "The audit log could not be sent to %s: %s", cursor.receiver, cursor.problem
            )
            return 0
        cursor.sent, cursor.problem = batch[-1].pk, ""
    if len(batch) < BATCH:
        _raise_ceiling(cursor, settled)
    cursor.save()
    return len(batch)


def _transactions() -> tuple[int, int]:
    """The oldest transaction that is open, and the next one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT txid_snapshot_xmin(now_), txid_snapshot_xmax(now_) "
            "FROM txid_current_snapshot() now_"
        )
        oldest, following = cursor.fetchone()
    return int(oldest), int(following)


def _settled(cursor: AuditCursor) -> int:
    """Up to which key no entry can appear any more.

    Keys are given before entries are committed, so a smaller one may become visible after a larger
    one was sent. Those up to the ceiling are complete once every transaction has ended that was
    open when it was set.
    """
    oldest, following = _transactions()
    waited = timezone.now() - cursor.ceiling_at >= SETTLES_AFTER
    # In a database that was restored elsewhere, transactions are counted anew.
    passed = oldest >= cursor.horizon or cursor.horizon > following
    return cursor.ceiling if waited and passed else cursor.sent


def _raise_ceiling(cursor: AuditCursor, settled: int) -> None:
    if settled < cursor.ceiling:
        return
    newest = AuditEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0
    if newest > cursor.ceiling:
        cursor.ceiling, cursor.horizon = newest, _transactions()[1]
        cursor.ceiling_at = timezone.now()
