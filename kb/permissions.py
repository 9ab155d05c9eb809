"""Who may see which cause, and the acts of this package.

A cause of hidden incidents only is hidden too.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from common.viewer import Viewer
from incidents.permissions import sees_all, visible, visible_incidents
from kb.models import ActionItem, Cause, CauseLink, Postmortem
from people.acts import declare
from people.models import Role

LINK_CAUSES = declare("kb.add_causelink", "link causes to incidents", Role.RESPONDER)
EDIT_CAUSES = declare("kb.change_cause", "edit causes and their checks", Role.EDITOR)
WRITE_POSTMORTEMS = declare("kb.change_postmortem", "write postmortems", Role.EDITOR)
PUBLISH_POSTMORTEMS = declare("kb.publish_postmortem", "publish postmortems", Role.EDITOR)
REVIEW_POSTMORTEMS = declare(
    "kb.add_comment", "comment on postmortems and review them", Role.RESPONDER
)
EDIT_ACTIONS = declare("kb.change_actionitem", "edit action items", Role.RESPONDER)
EDIT_TEMPLATES = declare(
    "kb.change_category", "edit categories and postmortem templates", Role.MANAGER
)
MANAGE_WORKSPACES = declare(
    "kb.change_workspace", "manage chat workspaces and their rules", Role.MANAGER
)


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
