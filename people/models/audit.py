"""The audit log: who changed or read what, from where, by which way in."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00")


class AuditEntry(models.Model):
    """One event. Rows are only ever added; retention removes the oldest."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    event = models.CharField(max_length=100, help_text="incident.changed, sign_in.failed …")
    interface = models.CharField(
        max_length=20, blank=True, help_text="page, api, chat, command, task, webhook."
    )
    # Without a constraint, as deleting an account must not need to change entries.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, blank=True, related_name="+",
        db_constraint=False,
    )  # fmt: skip
    actor_name = models.CharField(max_length=200, blank=True, help_text="As it was at that time.")
    token_name = models.CharField(max_length=200, blank=True, help_text="Of the API token used.")
    address = models.CharField(max_length=45, blank=True, help_text="IP address.")
    record_type = models.CharField(max_length=100, blank=True, help_text="incidents.incident")
    record_id = models.CharField(max_length=50, blank=True)
    record_name = models.CharField(max_length=300, blank=True)
    private = models.BooleanField(
        default=False, help_text="About a private record: hidden from who may not see those."
    )
    changes = models.JSONField(
        default=dict, help_text="Field → [before, after]; secrets are never in it."
    )

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["record_type", "record_id"], name="audit_by_record"),
            models.Index(fields=["event", "at"], name="audit_by_event"),
            models.Index(fields=["actor", "at"], name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.record_name}".strip()

    def lines(self) -> list[tuple[str, str, str]]:
        """By field, what was before and what is after, as a page shows it."""
        return [(name, *map(_shown, pair)) for name, pair in self.changes.items()]


def _shown(value: Any) -> str:
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"{text[:10]} {text[11:19]} UTC" if _MOMENT.fullmatch(text) else text


class AuditCursor(models.Model):
    """Up to which entry the audit log was sent to a receiver."""

    receiver = models.CharField(max_length=20, primary_key=True)
    sent = models.BigIntegerField(default=0, help_text="Key of the last entry that was sent.")
    # Entries are committed in another order than they are numbered.
    ceiling = models.BigIntegerField(
        default=0, help_text="Entries up to this key may be sent once `horizon` has passed."
    )
    horizon = models.BigIntegerField(
        default=0, help_text="No transaction from before this one is still open."
    )
    ceiling_at = models.DateTimeField(default=timezone.now)
    problem = models.CharField(max_length=300, blank=True, help_text="Why sending failed.")

    def __str__(self) -> str:
        return f"{self.receiver}: {self.sent}"
