"""Write entries of the audit log, in the transaction of what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model

from common.origin import origin
from people.audit.values import plain, text_of
from people.models import AuditEntry


def entry_of(
    event: str,
    subject: Model | None = None,
    changes: Mapping[str, Any] | None = None,
    *,
    private: bool = False,
    actor: User | None = None,
    name: str = "",
) -> AuditEntry:
    """An unsaved entry. `actor` is only given where the origin does not know them yet."""
    by = origin()
    actor = actor or by.actor
    return AuditEntry(
        event=event[:100],
        interface=by.interface,
        actor=actor,
        actor_name=text_of(actor.get_username() if actor else by.actor_name, 190),
        token_name=text_of(by.token_name, 190),
        address=by.address[:45],
        record_type=subject._meta.label_lower if subject is not None else "",
        record_id=str(subject.pk)[:50] if subject is not None else "",
        record_name=text_of(name or (str(subject) if subject is not None else ""), 290),
        private=private,
        changes=dict(changes or {}),
    )


def record(
    event: str,
    record: Model | None = None,
    changes: Mapping[str, Any] | None = None,
    *,
    private: bool = False,
    actor: User | None = None,
    name: str = "",
) -> AuditEntry:
    """Record one event. `changes`: by field, a list of what was before and what is after."""
    shown = {field: plain(value) for field, value in (changes or {}).items()}
    entry = entry_of(event, record, shown, private=private, actor=actor, name=name)
    entry.save(force_insert=True)
    return entry
