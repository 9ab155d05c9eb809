"""Who may see readiness findings, and who may configure the practice."""

from __future__ import annotations

from django.db.models import QuerySet

from common.viewer import Viewer
from incidents.permissions import visible_incidents
from practice.models import ReadinessFinding

MANAGE = "practice.change_slo"
"""Permission to edit objectives, checklists, capacities and the nodes of the practice map."""


def visible_findings(user: Viewer) -> QuerySet[ReadinessFinding]:
    """Findings of incidents that `user` may see."""
    return ReadinessFinding.objects.filter(incident__in=visible_incidents(user).values("pk"))
