"""Who may see which cause, and the acts of this package.

What was made from a private incident is private too, until somebody opens it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import (
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    prefetch_related_objects,
)

from common.viewer import Viewer, only_team
from incidents.events.pages import hidden_paths
from incidents.permissions import sees_all, visible
from kb.models import (
    ActionItem,
    Cause,
    CauseLink,
    Check,
    Picture,
    Postmortem,
    PostmortemReview,
)
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
MAKE_RECORDS_PUBLIC = declare(
    "kb.make_public", "make private causes and postmortems public", Role.EDITOR
)
EDIT_TEMPLATES = declare(
    "kb.change_category", "edit categories and postmortem templates", Role.MANAGER
)
MANAGE_WORKSPACES = declare(
    "kb.change_workspace", "manage chat workspaces and their rules", Role.MANAGER
)

MANAGE_TARGETS = declare(
    "kb.change_publishtarget", "manage where postmortems are copied to", Role.MANAGER
)
MANAGE_TRACKERS = declare("kb.change_tracker", "manage trackers of action items", Role.MANAGER)


def visible_links(user: Viewer) -> QuerySet[CauseLink]:
    return CauseLink.objects.filter(visible(user, "incident__"))


def read_open_citations(links: Sequence[CauseLink], user: Viewer) -> None:
    """Set `open_citations` of links: their citations of pages that `user` may open."""
    prefetch_related_objects(links, Prefetch("citations", to_attr="open_citations"))
    hidden = hidden_paths(user, {row.path for link in links for row in link.open_citations})
    for link in links:
        link.open_citations = [row for row in link.open_citations if row.path not in hidden]


def visible_causes(user: Viewer) -> QuerySet[Cause]:
    """Public causes, and private ones of an incident that `user` may see.

    A token that is limited to a team sees those of its incidents, and those linked to none.
    """
    if sees_all(user):
        return Cause.objects.all()
    linked = Exists(visible_links(user).filter(cause=OuterRef("pk")))
    if only_team(user) is None:
        return Cause.objects.filter(Q(private=False) | linked)
    alone = ~Exists(CauseLink.objects.filter(cause=OuterRef("pk")))
    return Cause.objects.filter(linked | alone & Q(private=False))


def visible_postmortems(user: Viewer) -> QuerySet[Postmortem]:
    """Postmortems none of whose incidents is hidden: the text may be about any of them.

    A private one that is about no private incident any more is for its author and its reviewers.
    """
    if sees_all(user):
        return Postmortem.objects.all()
    through = Postmortem.incidents.through.objects.filter(postmortem_id=OuterRef("pk"))
    # Hidden ones are few: to exclude the visible ones the database would read all of them.
    hidden = Exists(through.filter(~visible(user, "incident__")))
    public: Any = Q(private=False) | Exists(through.filter(incident__private=True))
    if user.pk is not None:
        reviewed = PostmortemReview.objects.filter(postmortem=OuterRef("pk"), reviewer=user.pk)
        public |= Q(author=user.pk) | Exists(reviewed)
    return Postmortem.objects.exclude(hidden).filter(public)


def visible_actions(user: Viewer) -> QuerySet[ActionItem]:
    """Action items of postmortems that `user` may see."""
    if sees_all(user):
        return ActionItem.objects.all()
    return ActionItem.objects.filter(postmortem__in=visible_postmortems(user).values("pk"))


def visible_checks(user: Viewer) -> QuerySet[Check]:
    """Checks of causes that `user` may see."""
    return Check.objects.filter(cause__in=visible_causes(user).values("pk"))


def visible_pictures(user: Viewer) -> QuerySet[Picture]:
    """Pictures of postmortems that `user` may see."""
    return Picture.objects.filter(postmortem__in=visible_postmortems(user).values("pk"))
