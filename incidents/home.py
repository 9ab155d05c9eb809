"""What the home page shows of incidents and changes: of one person, of their teams, or of all."""

from __future__ import annotations

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from common.viewer import Viewer
from incidents.models import Change, Incident
from incidents.permissions import visible_incidents
from people.permissions import teams_of

SHOWN = 10


class Scope(models.TextChoices):
    MINE = "mine", _("Mine")
    TEAM = "team", _("My teams")
    ALL = "all", _("All")


def scope_named(word: str) -> Scope:
    """The scope of this name; all for any other word."""
    return Scope(word) if word in Scope.values else Scope.ALL


def incidents_of(viewer: Viewer, scope: Scope) -> QuerySet[Incident]:
    """Incidents that `viewer` may see and works on, or that affect services of their teams."""
    incidents = visible_incidents(viewer)
    if scope == Scope.MINE:
        responding = Incident.responders.through.objects.filter(user=viewer.pk)
        own = Incident.objects.filter(Q(owner=viewer.pk) | Q(pk__in=responding.values("incident")))
        return incidents.filter(pk__in=own.order_by().values("pk"))
    if scope == Scope.TEAM:
        through = Incident.services.through.objects
        of_teams = through.filter(service__owner__in=teams_of(viewer))
        return incidents.filter(pk__in=of_teams.values("incident"))
    return incidents


def open_incidents(viewer: Viewer, scope: Scope) -> QuerySet[Incident]:
    """Open incidents with services and owner, the most severe first, then the oldest."""
    rows = incidents_of(viewer, scope).exclude(status=Incident.Status.RESOLVED)
    ordered = rows.order_by("severity", "impact_started_at", "pk")
    return ordered.select_related("owner").prefetch_related("services")


def latest_changes(viewer: Viewer, scope: Scope) -> QuerySet[Change]:
    """The last changes of production; of one's teams' services unless the scope is all."""
    changes = Change.objects.counting().select_related("service")
    if scope != Scope.ALL:
        changes = changes.filter(service__owner__in=teams_of(viewer))
    return changes.order_by("-started_at", "-pk")[:SHOWN]
