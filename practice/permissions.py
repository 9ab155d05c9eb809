"""Who may see readiness findings, and the acts of this package."""

from __future__ import annotations

from django.db.models import QuerySet

from common.viewer import Viewer
from incidents.permissions import visible_incidents
from people.acts import declare
from people.models import Role
from practice.models import ReadinessFinding

RECORD_RUNS = declare("practice.add_loadtest", "record load tests and drills", Role.RESPONDER)
ANNOUNCE = declare("practice.add_announcement", "announce what is coming", Role.RESPONDER)
REVIEW_READINESS = declare(
    "practice.change_readiness",
    "review readiness, set phases and decide on what is coming",
    Role.EDITOR,
    of_team=True,
)
EDIT_VERDICTS = declare("practice.change_verdict", "decide on practices", Role.EDITOR)
MANAGE_CODE_HOSTS = declare(
    "practice.change_codehost", "manage code hosts, where results are published", Role.MANAGER
)
MANAGE = declare(
    "practice.change_slo",
    "edit objectives, checklists, capacities and the practice map",
    Role.MANAGER,
)


def visible_findings(user: Viewer) -> QuerySet[ReadinessFinding]:
    """Findings of incidents that `user` may see."""
    return ReadinessFinding.objects.filter(incident__in=visible_incidents(user).values("pk"))
