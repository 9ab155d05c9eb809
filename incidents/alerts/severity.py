"""An incident that alerts opened is as severe as the worst of them that fires."""

from __future__ import annotations

from collections.abc import Collection

from common.alert_names import plain_title
from incidents import filing
from incidents.models import Alert, Incident, Service, TimelineEntry
from incidents.severities import DEFAULT, is_unknown, severity_of_alert


def follow_alerts(incidents: Collection[int]) -> None:
    """Raise or lower open incidents to their worst alert that fires, unless a person chose.

    Where none fires any more the severity stays: it says how bad it was. Two queries, and one act
    for each incident that changes.
    """
    if not incidents:
        return
    rated_by_people = TimelineEntry.objects.filter(
        kind=TimelineEntry.Kind.SEVERITY, author__isnull=False, incident__in=incidents
    )
    rows = (
        Incident.objects.exclude(status=Incident.Status.RESOLVED)
        .exclude(labels__has_key="storm")
        .exclude(pk__in=rated_by_people.values("incident"))
        .filter(pk__in=incidents, merged_into=None, reporter=None, labels__has_key="alertname")
    )
    by_key = {incident.pk: incident for incident in rows}
    firing = Alert.objects.filter(incident__in=by_key, status=Alert.Status.FIRING).order_by("pk")
    worst: dict[int, tuple[str, str]] = {}
    for key, name, word, tier in firing.values_list(
        "incident_id", "name", "severity", "service__tier"
    ):
        severity = severity_of_alert(word, tier or Service.Tier.NORMAL)
        if key not in worst or severity < worst[key][0]:
            worst[key] = severity, name
    for key, (severity, name) in worst.items():
        if severity != by_key[key].severity:
            raised = severity < by_key[key].severity
            because = f"{name} fires" if raised else f"{name} is the worst that still fires"
            filing.set_severity(by_key[key], severity, because=f"{because}.")


def severity_note(word: str) -> str:
    """What a delivery's outcome says of a severity that we do not know; empty otherwise."""
    if not is_unknown(word):
        return ""
    return f"severity “{plain_title(word, 50)}” is unknown: read as {DEFAULT}"


def note_left_out(left_out: dict[int, int]) -> None:
    """Say on the timeline of incidents how many alerts their sender did not send."""
    for key, count in left_out.items():
        incident = Incident.objects.filter(pk=key).first()
        text = f"The sender left out {count:,} more alerts: it sends only so many at once."
        kind = TimelineEntry.Kind.ALERT
        if incident and not incident.timeline.filter(kind=kind, text=text).exists():
            filing.add_entry(incident, kind, text)
