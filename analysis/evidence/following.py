"""Evidence follows its incident: pulled again on a timer that backs off, and when something joins.

A row for each incident says when it is due; a periodic task does what is due. A task that is lost
or runs twice changes nothing: the row is locked, and a window that was just extended is not
extended again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import OuterRef
from django.db.models.functions import Coalesce
from django.utils import timezone

from analysis.evidence.cost import costs
from analysis.evidence.planning import plan_evidence
from analysis.evidence.pulling import State
from analysis.models import EvidenceRequest, FollowUp
from common.leased_jobs import PENDING
from incidents.models import Alert, Incident

WAITS = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 10, 20, 40))
LONGEST_WAIT = timedelta(minutes=50)
"""The wait after WAITS. Clusters delete events after an hour: each is pulled before that."""
FOLLOWED_FOR = timedelta(days=7)
"""An incident open for longer than this is followed no more."""
RECOVERY = timedelta(minutes=10)
"""The window ends this long after the resolution."""
LATE = timedelta(minutes=1)
"""How late samples and lines arrive at their source."""
MIN_GROWTH = timedelta(minutes=1)
"""A window is extended by no less than this."""
STARTED_WITHIN = timedelta(days=1)
CHANGED_WITHIN = timedelta(minutes=2)
BY_HAND, ON_TIMER = "by hand", "on the timer"


def wait_after(rounds: int) -> timedelta:
    """How long to wait for the next pull, after so many on the timer since something changed."""
    return WAITS[rounds] if rounds < len(WAITS) else LONGEST_WAIT


def window_end(incident: Incident) -> datetime:
    """Until when evidence is of interest: now, but no longer than the recovery."""
    began = incident.impact_started_at
    end = min(timezone.now(), began + FOLLOWED_FOR)
    if incident.resolved_at:
        end = min(end, incident.resolved_at + RECOVERY)
    return max(end, began + timedelta(minutes=1))


def follow_incidents(limit: int = 20) -> int:
    """Start to follow new incidents and pull what is due; the number that were pulled."""
    start_following()
    keys = dict.fromkeys([*changed_incidents(limit), *due_incidents(limit)])
    return sum(follow_up(key) for key in list(keys)[:limit])


def start_following(limit: int = 100) -> None:
    """Set the timer of incidents whose first evidence was planned."""
    recent = timezone.now() - STARTED_WITHIN
    planned = Incident.objects.filter(fingerprint__planned_at__gte=recent, follow_up=None)
    incidents = {incident.pk: incident for incident in planned[:limit]}
    now = timezone.now()
    rows = [
        FollowUp(incident_id=key, seen=state, due_at=_first_due(incidents[key], now))
        for key, state in _states(incidents)
    ]
    FollowUp.objects.bulk_create(rows, ignore_conflicts=True)


def due_incidents(limit: int) -> list[int]:
    due = FollowUp.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
    return list(due.values_list("incident_id", flat=True)[:limit])


def changed_incidents(limit: int) -> list[int]:
    """Followed incidents that something joined, or whose severity or status is another."""
    followed = FollowUp.objects.filter(due_at__isnull=False)
    # Those that are followed no more may have been opened again.
    recent = FollowUp.objects.filter(
        due_at=None, incident__updated_at__gte=timezone.now() - CHANGED_WITHIN
    )
    seen = {
        key: state
        for rows in (followed, recent)
        for key, state in rows.values_list("incident_id", "seen")
    }
    changed = (key for key, state in _states(seen) if what_changed(seen[key], state))
    return [key for _, key in zip(range(limit), changed, strict=False)]


@transaction.atomic
def follow_up(incident_id: int) -> bool:
    """Pull an incident again if it is due or has changed; whether it was ours to do."""
    rows = FollowUp.objects.select_for_update(of=("self",), skip_locked=True)
    row = rows.select_related("incident").filter(incident=incident_id).first()
    if row is None:
        return False
    [(_, state)] = _states([incident_id])
    reason, now = what_changed(row.seen, state), timezone.now()
    if not reason and (row.due_at is None or row.due_at > now):
        return False
    incident = row.incident
    if not reason and incident.evidence_requests.filter(state__in=PENDING).exists():
        # Sources or workers are slower than the timer.
        row.due_at = now + MIN_GROWTH
        row.save()
        return False
    ended = state["status"] in (Incident.Status.MITIGATED, Incident.Status.RESOLVED)
    pulled = pull_further(incident, reserve=not (ended and reason) and incident.is_open)
    row.seen = state
    row.rounds = 0 if reason else row.rounds + 1
    if pulled:
        row.reason, row.last_at, row.first_at = reason or ON_TIMER, now, row.first_at or now
    row.due_at = _next_due(incident, row.rounds, now)
    row.save()
    return True


@transaction.atomic
def pull_again(incident: Incident) -> list[int]:
    """Pull by hand: what failed, what joined and what happened since. Returns ids to work on."""
    now = timezone.now()
    if pull_further(incident, reserve=False):
        FollowUp.objects.filter(incident=incident).update(
            last_at=now, first_at=Coalesce("first_at", now), reason=BY_HAND
        )
    return list(incident.evidence_requests.filter(state=State.WAITING).values_list("pk", flat=True))


def pull_further(incident: Incident, reserve: bool) -> bool:
    """Plan what joined, extend every window to now and let failed requests try again.

    Within what each source may cost (`reserve`: see Cost). Those first that have findings.
    Returns whether there is anything to pull that was not waiting before.
    """
    known = incident.evidence_requests.count()
    # Requests that could not be written while no service was known.
    nameless = incident.evidence_requests.filter(state=State.FAILED, query__contains="$service")
    if incident.services.exists():
        known -= nameless.delete()[0]
    plan_evidence(incident)
    joined = incident.evidence_requests.count() > known
    end = window_end(incident)
    left = {key: cost.pulls_left(reserve) for key, cost in costs(incident).items()}
    chosen: list[EvidenceRequest] = []
    for request in _to_extend(incident, end):
        if left.get(request.source_id, 0) > 0:
            left[request.source_id] -= 1
            chosen.append(request)
    EvidenceRequest.objects.bulk_update(
        chosen, ["state", "attempts", "error", "not_before", "finished_at", "window_end"]
    )
    return joined or bool(chosen)


def _to_extend(incident: Incident, end: datetime) -> Iterator[EvidenceRequest]:
    """Finished requests reset to waiting, unsaved: failed, or whose window ends before `end`."""
    every = incident.evidence_requests.select_for_update(of=("self",))
    # What retention has thinned stays so: an extension would be read as the whole.
    every = every.filter(source__enabled=True).exclude(evidence__thinned_at__isnull=False)
    rows = list(every.exclude(query__contains="$service"))
    taken = {_identity(row) for row in rows}
    with_findings = set(incident.findings.values_list("evidence__request_id", flat=True))
    for row in sorted(rows, key=lambda row: (row.pk not in with_findings, row.pk)):
        grows = row.window_end + MIN_GROWTH <= end
        if row.state not in (State.DONE, State.FAILED) or not (grows or row.state == State.FAILED):
            continue
        if grows:
            former, row.window_end = _identity(row), end
            if _identity(row) in taken:
                # The same was requested by hand with this very window.
                continue
            taken ^= {former, _identity(row)}
        row.requeue()
        yield row


def _identity(row: EvidenceRequest) -> tuple[Any, ...]:
    return row.source_id, row.service_id, row.what, row.window_start, row.window_end


def _first_due(incident: Incident, now: datetime) -> datetime | None:
    """One that was resolved before it was filed is pulled once more, until its recovery."""
    due = _next_due(incident, 0, now)
    return now if due is None and not incident.is_open else due


def _next_due(incident: Incident, rounds: int, now: datetime) -> datetime | None:
    """When an incident that was pulled `now` is due next; None when that was the last time."""
    if incident.resolved_at:
        recovered = incident.resolved_at + RECOVERY + LATE
        return recovered if recovered > now else None
    due = now + wait_after(rounds)
    return due if due < incident.impact_started_at + FOLLOWED_FOR else None


def _states(incidents: Iterable[int]) -> list[tuple[int, dict[str, Any]]]:
    """What is compared of incidents: status, severity, services and the number of rules."""
    services = Incident.services.through.objects.filter(incident_id=OuterRef("pk")).order_by()
    alerts = Alert.objects.filter(incident_id=OuterRef("pk")).order_by()
    rows = Incident.objects.filter(pk__in=list(incidents)).annotate(
        service_names=ArraySubquery(services.values("service__name")),
        rules=ArraySubquery(alerts.values("name").distinct()),
    )
    names = ("status", "severity", "service_names", "rules")
    return [
        (
            key,
            {
                "status": status,
                "severity": severity,
                "services": sorted(service_names),
                "alerts": len(rules),
            },
        )
        for key, status, severity, service_names, rules in rows.values_list("pk", *names)
    ]


def what_changed(then: dict[str, Any], now: dict[str, Any]) -> str:
    """In words why evidence is pulled again; empty when nothing changed."""
    if now["status"] != then.get("status"):
        return str(now["status"])
    joined = sorted(set(now["services"]) - set(then.get("services", [])))
    if joined:
        return f"{', '.join(joined)[:150]} joined"
    if now["severity"] != then.get("severity"):
        return f"it is {now['severity']} now"
    if now["alerts"] > then.get("alerts", 0):
        return "another alert joined"
    return ""
