"""Incidents about the product itself: what its checks find wrong for several minutes.

Each check that fails is an alert, which opens an incident if it fires long enough, joins others of
the same service, and ends with its cause, as any other alert. Workers check by the schedule; web
servers check too, so that dead workers and a dead beat are noticed. A run is claimed in the
database, so that one process a minute does it. While the database is away nothing can be filed:
/readyz and Prometheus say so.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from config.observability.own_checks import problems
from incidents import scheduled_runs
from incidents.alerts import auto_close
from incidents.models import Alert, Service

SOURCE, RUN = "causebook", "check-itself"
EVERY = 45.0
"""Seconds at least between two runs, whoever does them."""
ILL_FOR = timedelta(minutes=5)
NOT_REPORTED = {"database"}
"""With it the report itself fails."""
SEVERITIES = {"keys": "critical", "deliveries": "critical", "workers": "critical"}
"""Alerts of others are not processed then."""
DEFAULT_SEVERITY = "high"
TITLES = {
    "migrations": "Migrations are missing",
    "keys": "Stored secrets cannot be read",
    "redis": "Redis does not answer",
    "beat": "Beat sends no periodic tasks",
    "workers": "No worker does any task",
    "index": "The index of suggestions is old",
    "deliveries": "Alerts and changes wait too long",
    "events": "Events wait too long for notification rules",
    "pulls": "Queries for evidence wait too long",
    "notification_queue": "Notifications wait too long",
    "notifications": "Notifications fail",
    "sources": "Sources of evidence do not answer",
    "disk": "The disk is nearly full",
    "backup": "The backup is late or failed",
}


def check_if_due() -> bool:
    """Check now, unless a process did within the last EVERY seconds; whether it did."""
    scheduled_runs.begin([RUN])
    with transaction.atomic():
        if not scheduled_runs.claim(RUN, EVERY):
            return False
        check()
    return True


@transaction.atomic
def check() -> None:
    """Note what is wrong and what works again, and open the incidents that are due."""
    found = problems() if settings.OWN_INCIDENTS else {}
    now = timezone.now()
    wrong = {name: text for name, text in found.items() if text and name not in NOT_REPORTED}
    firing = Alert.objects.select_for_update().filter(source=SOURCE, status=Alert.Status.FIRING)
    known = {alert.fingerprint: alert for alert in firing}
    for name, alert in known.items():
        if name in wrong:
            alert.description, alert.last_received_at = _description(name, wrong[name]), now
        else:
            alert.status, alert.opens_at = Alert.Status.RESOLVED, None
            alert.ends_at = max(now, alert.starts_at)
        alert.save()
    new = [name for name in wrong if name not in known]
    if new:
        service = _service()
        Alert.objects.bulk_create(_alert(name, wrong[name], service) for name in new)
    # By the plain functions that workers call too: these may be what is dead.
    auto_close.open_overdue_alerts()
    auto_close.close_quiet_incidents()


def _service() -> Service:
    name = settings.OWN_SERVICE
    return (
        Service.objects.filter(name__iexact=name).first()
        or Service.objects.get_or_create(
            name=name,
            defaults={
                "kind": Service.Kind.OTHER,
                "description": "This product, which files incidents about itself when it is ill.",
            },
        )[0]
    )


def _description(name: str, problem: str) -> str:
    return f"{problem[:1].upper()}{problem[1:]}. The cure: docs/observability.md, “{name}”."


def _alert(name: str, problem: str, service: Service) -> Alert:
    now = timezone.now()
    minutes = ILL_FOR.total_seconds() / 60
    return Alert(
        source=SOURCE,
        fingerprint=name,
        name=TITLES.get(name, name),
        description=_description(name, problem),
        severity=SEVERITIES.get(name, DEFAULT_SEVERITY),
        labels={"alertname": TITLES.get(name, name), "check": name},
        service=service,
        starts_at=now,
        received_at=now,
        opens_at=now + ILL_FOR,
        joined_because=f"Waits {minutes:.0f} min: it may pass.",
        group_key=name,
    )
