"""Who may see findings: those of incidents that they may see."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from incidents.permissions import visible_incidents
from practice.models import ReadinessFinding

MANAGE = "practice.change_slo"
"""May set objectives, checklists, what is watched, and the practice map's nodes."""


def visible_findings(user: Any) -> QuerySet[ReadinessFinding]:
    return ReadinessFinding.objects.filter(incident__in=visible_incidents(user).values("pk"))
