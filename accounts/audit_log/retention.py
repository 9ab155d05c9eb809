"""How long entries of the audit log are stored."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import ProgrammingError, transaction

from accounts.audit_log.sending import receivers
from common import retention
from common.retention import KINDS
from people.models import AuditCursor, AuditEntry

_log = logging.getLogger(__name__)


def delete_some_entries(before: datetime, most: int) -> int:
    """Delete at most so many entries from before then that every receiver has; returns how many."""
    old = AuditEntry.objects.filter(at__lt=before)
    if names := list(receivers()):
        cursors = AuditCursor.objects.filter(receiver__in=names).values_list("sent", flat=True)
        sent = list(cursors)
        old = old.filter(pk__lte=min(sent) if len(sent) == len(names) else 0)
    keys = list(old.order_by().values_list("pk", flat=True)[:most])
    try:
        with transaction.atomic():
            return AuditEntry.objects.filter(pk__in=keys).delete()[0]
    except ProgrammingError:
        # Append-only for this role of the database: another role deletes (docs/audit.md).
        _log.info("Entries of the audit log may not be deleted by this role of the database.")
        return 0


def delete_old_entries() -> int:
    """Delete entries older than AUDIT_RETENTION_DAYS; returns how many."""
    return retention.apply(KINDS["audit-log"]).rows
