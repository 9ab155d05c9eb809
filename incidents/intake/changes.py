"""Stores reported changes: each once, with its latest outcome."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError

from common.errors import error_text
from incidents.catalogue.unknown_services import record_unknown_services
from incidents.models import Change, DeployRule, Integration, Service
from incidents.webhooks.base import ChangeEvent

SAME_WITHIN = timedelta(minutes=10)
"""A change without an id that is reported again within this time is the same one."""
_RANK = {"running": 0, "succeeded": 1, "failed": 1, "rolled_back": 2}


def ingest_change(
    integration: Integration, event: ChangeEvent, received_at: datetime
) -> tuple[bool, str]:
    """Create or update a change; whether that was possible, and the outcome in words."""
    kind, name, known_job = event.kind, event.service, False
    for rule in DeployRule.objects.select_related("service"):
        rule_service = rule.service_name_for(event.job) if event.job else None
        if rule_service is not None:
            if rule.ignore:
                return True, f"“{event.job}” is not a change, by the rule {rule.pattern}"
            kind, name, known_job = rule.kind, rule_service, True
            break
    service = service_named(name) if name else None
    service = service or (integration.service if not known_job else None)
    if service is None and event.job and not known_job:
        service = service_named(event.job.partition("/")[0])
    if service is None:
        record_unknown_services([name or event.job.partition("/")[0]], "deploys")
        what = f"a service named “{name}”" if name else f"which service “{event.job}” changes"
        return False, f"We do not know {what}. Add it or a rule, then replay this."
    try:
        return True, _write(integration, event, kind, service, received_at)
    except ValidationError as error:
        return False, error_text(error)


def create_change(**fields: Any) -> Change:
    """Write a change that a person or script reports. Raises ValidationError by field."""
    change = Change(**fields)
    change.full_clean()
    change.save()
    return change


def service_named(name: str) -> Service | None:
    return Service.objects.filter(name__iexact=name.replace("\x00", "")).first()


def _write(
    integration: Integration, event: ChangeEvent, kind: str, service: Service, at: datetime
) -> str:
    source = f"hook {integration.pk}"
    started = event.started_at or event.finished_at or at
    change = None
    if event.external_id:
        same = Change.objects.filter(external_source=source, external_id=event.external_id)
        change = same.select_for_update().first()
    else:
        change = Change.objects.filter(
            service=service,
            title=event.title[:300],
            version=event.version[:200],
            started_at__range=(started - SAME_WITHIN, started + SAME_WITHIN),
        ).first()
    new = change is None
    change = change or Change(external_source=source, external_id=event.external_id[:200])
    if not new and _RANK[event.outcome] < _RANK[change.outcome]:
        return f"A later state is known: {change.title}"
    change.service, change.kind, change.title = service, kind, event.title[:300]
    change.version = event.version[:200] or change.version
    change.author = event.author[:200] or change.author
    change.outcome = event.outcome
    change.url = event.url[:500] or change.url
    # Reports may arrive out of order: the earliest start is the true one.
    change.started_at = started if new else min(started, change.started_at)
    if event.outcome != Change.Outcome.RUNNING:
        change.finished_at = max(event.finished_at or at, change.started_at)
    change.clean()
    change.save()
    what = f"{change.get_kind_display().lower()} of {service}: {change.title}"
    return f"Created {what}" if new else f"Updated {what}"
