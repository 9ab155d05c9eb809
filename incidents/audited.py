"""What the audit log records of incidents, services, integrations, rules and tokens."""

from __future__ import annotations

from typing import Any

from incidents.models import (
    ApiToken,
    Change,
    CustomField,
    DeployRule,
    FieldValue,
    HeartbeatRule,
    HeartbeatSender,
    Incident,
    Integration,
    IntegrationSecret,
    MaintenanceWindow,
    PushDevice,
    PushKey,
    SavedFilter,
    Service,
    TierPolicy,
    TimelineEntry,
    UnknownService,
)
from people.audit import watch


def of_incident(row: Any) -> bool:
    return bool(row.incident.private)


def of_its_incident(row: Any) -> bool:
    return bool(row.is_private)


def watch_models() -> None:
    for model in (CustomField, DeployRule, HeartbeatRule, MaintenanceWindow, TierPolicy):
        watch(model, always=True)
    watch(Service, always=True, secret={"badge_key"})
    # The address of an integration lets senders without signatures in.
    watch(Integration, always=True, secret={"slug"})
    watch(IntegrationSecret, always=True, secret={"sealed"})
    watch(ApiToken, always=True, secret={"digest"}, ignored={"last_used_at"})
    watch(PushKey, always=True, secret={"sealed"})
    watch(
        PushDevice, always=True, secret={"sealed", "digest", "session_key"},
        ignored={"session_key", "trouble", "last_sent_at"},
    )  # fmt: skip
    watch(Incident, always=False)
    watch(TimelineEntry, always=False, private=of_incident)
    watch(Change, always=False)
    watch(FieldValue, always=False, private=of_its_incident)
    watch(SavedFilter, always=False)
    watch(HeartbeatSender, always=False, ignored={"labels", "last_seen_at", "watched_since"})
    watch(
        UnknownService,
        always=False,
        ignored={"where", "telemetry_labels", "times", "first_at", "last_at"},
    )
