"""Whether the product does its job: what /readyz checks, queues, disk, sources and notifications.

For /metrics and for the incidents that the product files about itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import QuerySet
from django.utils import timezone

from analysis.evidence.circuit_breaker import MAX_FAILURES
from analysis.models import EvidenceRequest, Source
from common.leased_jobs import LeasedJob
from config import readiness
from incidents.models import Delivery, Event
from kb.models import NotificationDelivery
from kb.notifications import MAX_ATTEMPTS

WAITS_TOO_LONG = timedelta(minutes=5)
RECENT = timedelta(minutes=15)
NEWEST_NOTIFICATIONS = 200
LEAST_FREE_SHARE, ENOUGH_FREE = 0.05, 10 * 1024**3
"""A disk is nearly full below this share, unless there are so many bytes left."""


def _deliveries() -> str:
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING).order_by("pk")
    return _too_long("Alerts and changes wait", waiting, "received_at")


def _events() -> str:
    waiting = Event.objects.filter(planned_at=None).order_by("pk")
    return _too_long("Events wait", waiting, "at")


def _jobs(rows: type[LeasedJob], what: str) -> str:
    waiting = rows._default_manager.filter(state=LeasedJob.State.WAITING).order_by("not_before")
    return _too_long(what, waiting, "not_before")


def _too_long(what: str, waiting: QuerySet[Any], since: str) -> str:
    """`waiting` has the oldest first, `since` names the field that says how old it is."""
    oldest: datetime | None = waiting.values_list(since, flat=True).first()
    age = timezone.now() - oldest if oldest else timedelta(0)
    if age <= WAITS_TOO_LONG:
        return ""
    return f"{what} for {age.total_seconds() / 60:.0f} min already"


def _disk() -> str:
    try:
        disk = shutil.disk_usage(settings.DATA_DIR)
    except OSError:
        return ""
    if disk.free >= min(LEAST_FREE_SHARE * disk.total, ENOUGH_FREE):
        return ""
    return f"The disk of the data folder has {disk.free / 1024**2:,.0f} MB left"


def _sources() -> str:
    failing = Source.objects.filter(
        enabled=True, failures__gte=MAX_FAILURES, resting_until__gte=timezone.now() - RECENT
    ).count()
    return f"{failing} sources of evidence do not answer" if failing else ""


def _notifications() -> str:
    """Given up lately, and nothing was sent to that place since."""
    newest = NotificationDelivery.objects.order_by("-pk").values_list(
        "rule__workspace", "state", "attempts", "finished_at"
    )[:NEWEST_NOTIFICATIONS]
    since = timezone.now() - RECENT
    failed, sent = set[int](), set[int]()
    for workspace, state, attempts, finished_at in newest:
        if finished_at is None or finished_at < since:
            continue
        if state == LeasedJob.State.DONE and workspace not in failed:
            sent.add(workspace)
        elif state == LeasedJob.State.FAILED and attempts >= MAX_ATTEMPTS:
            failed.add(workspace)
    given_up = len(failed - sent)
    return f"Notifications to {given_up} chat workspaces failed" if given_up else ""


CHECKS: dict[str, Callable[[], str]] = {
    "deliveries": _deliveries,
    "events": _events,
    "pulls": lambda: _jobs(EvidenceRequest, "Queries for evidence wait"),
    "notification_queue": lambda: _jobs(NotificationDelivery, "Notifications wait"),
    "notifications": _notifications,
    "sources": _sources,
    "disk": _disk,
}
"""Each says what is wrong, without names of private records, or nothing."""


def problems() -> dict[str, str]:
    """What is wrong, by name of the check; empty texts for what works."""
    found = {check.name: check.problem for check in readiness.checks()}
    if found.get("database"):
        return found
    for name, check in CHECKS.items():
        try:
            found[name] = check()
        except (DatabaseError, InterfaceError):
            found[name] = "the database did not answer"
    return found
