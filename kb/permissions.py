"""Who may see which cause: a cause of hidden incidents only is hidden too."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from common.viewer import Viewer
from incidents.permissions import sees_all, visible, visible_incidents
from kb.models import ActionItem, Cause, CauseLink, Postmortem

MANAGE_WORKSPACES = "kb.change_workspace"


def visible_links(user: Viewer) -> QuerySet[CauseLink]:
    return CauseLink.objects.filter(visible(user, "incident__"))


def visible_causes(user: Viewer) -> QuerySet[Cause]:
    """Causes linked to an incident `user` may see, and causes linked to none."""
    if sees_all(user):
        return Cause.objects.all()
    of_cause = {"cause": OuterRef("pk")}
    return Cause.objects.filter(
        Exists(visible_links(user).filter(**of_cause))
        | ~Exists(CauseLink.objects.filter(**of_cause))
    )


def visible_postmortems(user: Viewer) -> QuerySet[Postmortem]:
    """Postmortems none of whose incidents is hidden: the text may be about any of them."""
    if sees_all(user):
        return Postmortem.objects.all()
    through = Postmortem.incidents.through.objects.filter(postmortem_id=OuterRef("pk"))
    return Postmortem.objects.exclude(
        Exists(through.exclude(incident_id__in=visible_incidents(user).values("pk")))
    )


def visible_actions(user: Viewer) -> QuerySet[ActionItem]:
    """Action items of postmortems that `user` may see."""
    if sees_all(user):
        return ActionItem.objects.all()
    return ActionItem.objects.filter(postmortem__in=visible_postmortems(user).values("pk"))
