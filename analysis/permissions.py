"""The acts of this package. Who may see evidence is decided by its incident."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from analysis.models import Evidence, LogSign
from common.viewer import Viewer, only_team
from incidents.permissions import visible_incidents
from people.acts import declare
from people.models import Role

PULL_EVIDENCE = declare("analysis.pull_evidence", "pull evidence and run checks", Role.RESPONDER)
PULL_BY_QUERY = declare("analysis.pull_by_query", "pull evidence by a query", Role.EDITOR)
MANAGE_SOURCES = declare("analysis.change_source", "manage sources", Role.MANAGER)


def visible_evidence(user: Viewer) -> QuerySet[Evidence]:
    """Evidence of incidents that `user` may see."""
    return Evidence.objects.filter(incident__in=visible_incidents(user).values("pk"))


def visible_signs(user: Viewer) -> QuerySet[LogSign]:
    """Signs in logs, but for those that opened an incident which `user` may not see."""
    rows = LogSign.objects.filter(Q(incident=None) | Q(incident__in=visible_incidents(user)))
    team = only_team(user)
    return rows.filter(service__owner=team) if team else rows
