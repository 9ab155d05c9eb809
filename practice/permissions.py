"""Who may see readiness findings, and the acts of this package."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from common.viewer import Viewer
from incidents.permissions import visible_incidents
from people.acts import declare
from people.models import Role
from practice.models import ReadinessFinding

RECORD_RUNS = declare("practice.add_loadtest", _("record load tests and drills"), Role.RESPONDER)
ANNOUNCE = declare("practice.add_announcement", _("announce what is coming"), Role.RESPONDER)
REVIEW_READINESS = declare(
    "practice.change_readiness",
    _("review readiness, set phases and decide on what is coming"),
    Role.EDITOR,
    of_team=True,
)
EDIT_VERDICTS = declare("practice.change_verdict", _("decide on practices"), Role.EDITOR)
MANAGE_CODE_HOSTS = declare(
    "practice.change_codehost", _("manage code hosts, where results are published"), Role.MANAGER
)
MANAGE = declare(
    "practice.change_slo",
    _("edit objectives, checklists, capacities and the practice map"),
    Role.MANAGER,
)


def visible_findings(user: Viewer) -> QuerySet[ReadinessFinding]:
    """Findings of incidents that `user` may see."""
    return ReadinessFinding.objects.filter(incident__in=visible_incidents(user).values("pk"))
