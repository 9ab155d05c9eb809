"""Who may see which incidents and alerts. Every query for a person goes through here."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from common.viewer import Nobody, Viewer, only_team
from incidents.models import Alert, Incident

SEE_ALL = "incidents.view_private_incident"
MANAGE = "incidents.change_integration"

__all__ = [
    "MANAGE",
    "SEE_ALL",
    "Nobody",
    "Viewer",
    "can_see",
    "hidden_incident_ids",
    "only_team",
    "sees_all",
    "visible",
    "visible_alerts",
    "visible_incidents",
]


def sees_all(viewer: Viewer) -> bool:
    return not only_team(viewer) and viewer.has_perm(SEE_ALL)


def visible(viewer: Viewer, to: str = "") -> Q:
    """A filter for the incidents `viewer` may see: public ones, and private ones they are part of.

    `to` is the lookup path from another model to the incident, such as "incident__". The filter
    excludes hidden incidents: that list is short and costs the database less than all visible ones.
    """
    condition = Q()
    if not viewer.has_perm(SEE_ALL):
        condition &= ~Q(**{f"{to}pk__in": _hidden(viewer).values("pk")})
    if team := only_team(viewer):
        of_team = Incident.services.through.objects.filter(service__owner=team)
        condition &= Q(**{f"{to}pk__in": of_team.values("incident_id")})
    return condition


def _hidden(viewer: Viewer) -> QuerySet[Incident]:
    """Private incidents that `viewer` neither reported nor was added to."""
    shared = Incident.viewers.through.objects.filter(user_id=viewer.pk).values("incident_id")
    hidden = Incident.objects.filter(private=True).exclude(pk__in=shared)
    # `exclude(reporter_id=None)` would also drop incidents that have no reporter.
    return hidden.exclude(reporter_id=viewer.pk) if viewer.pk is not None else hidden


def visible_incidents(viewer: Viewer) -> QuerySet[Incident]:
    return Incident.objects.filter(visible(viewer))


def visible_alerts(viewer: Viewer) -> QuerySet[Alert]:
    """Alerts of incidents `viewer` may see, and alerts without an incident."""
    alone = Q(incident=None)
    if team := only_team(viewer):
        alone &= Q(service__owner=team)
    return Alert.objects.filter(alone | Q(incident__in=visible_incidents(viewer)))


def can_see(viewer: Viewer, incident: Incident) -> bool:
    if not incident.private and not only_team(viewer):
        return True
    return visible_incidents(viewer).filter(pk=incident.pk).exists()


def hidden_incident_ids(viewer: Viewer) -> set[int]:
    """Incidents that search must leave out for `viewer`; mostly a short list."""
    if only_team(viewer):
        seen = visible_incidents(viewer).values("pk")
        return set(Incident.objects.exclude(pk__in=seen).values_list("pk", flat=True))
    if viewer.has_perm(SEE_ALL):
        return set()
    return set(_hidden(viewer).values_list("pk", flat=True))
