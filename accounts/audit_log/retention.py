"""How long entries of the audit log are stored."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import ProgrammingError, transaction
from django.utils import timezone

from accounts.audit_log.sending import receivers
from people.models import AuditCursor, AuditEntry

_log = logging.getLogger(__name__)


def delete_old_entries() -> int:
    """Delete entries older than AUDIT_RETENTION_DAYS that every receiver has; returns how many."""
    days = settings.AUDIT_RETENTION_DAYS
    if days <= 0:
        return 0
    old = AuditEntry.objects.filter(at__lt=timezone.now() - timedelta(days=days))
    if names := list(receivers()):
        cursors = AuditCursor.objects.filter(receiver__in=names).values_list("sent", flat=True)
        sent = list(cursors)
        old = old.filter(pk__lte=min(sent) if len(sent) == len(names) else 0)
    try:
        with transaction.atomic():
            return old.delete()[0]
    except ProgrammingError:
        # Append-only for this role of the database: another role deletes (docs/audit.md).
        _log.info("Entries of the audit log may not be deleted by this role of the database.")
        return 0
