"""How long records of the knowledge base are stored (docs/retention.md)."""

from __future__ import annotations

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from common.retention import HISTORY_DAYS, KINDS, Kind, Limits, delete_history, delete_some
from incidents.models import TimelineEntry
from incidents.retention import EVENT_DAYS
from kb import models as tables
from kb.models import (
    ActionItem,
    Cause,
    CauseLink,
    Check,
    Comment,
    Draft,
    NotificationDelivery,
    Picture,
    Postmortem,
)

HISTORY = (Cause.history.model, ActionItem.history.model, Check.history.model)


def _notifications(limits: Limits, most: int) -> int:
    return delete_some(NotificationDelivery.objects.filter(event__at__lt=limits.before()), most)


def unused_pictures() -> QuerySet[Picture]:
    """Pictures that no text shows: none of their postmortem, its former versions and drafts, and
    none that people may have copied the address into."""
    rows = Picture.objects.annotate(
        path=Concat(Value("/knowledge/pictures/"), Cast(F("pk"), CharField()), Value("/"))
    )
    own = {"postmortem_id": OuterRef("postmortem_id"), "body__contains": OuterRef("path")}
    shown = {"body__contains": OuterRef("path")}
    noted = {"text__contains": OuterRef("path")}
    texts = ("what_happens", "how_to_tell", "how_to_fix", "how_to_prevent")
    in_cause = Q(pk__in=[])
    for name in texts:
        in_cause |= Q(**{f"{name}__contains": OuterRef("path")})
    return rows.filter(
        ~Exists(
            Postmortem.objects.filter(pk=OuterRef("postmortem_id"), body__contains=OuterRef("path"))
        ),
        ~Exists(Draft.objects.filter(**own)),
        ~Exists(
            Postmortem.history.filter(id=OuterRef("postmortem_id"), body__contains=OuterRef("path"))
        ),
        ~Exists(Postmortem.objects.filter(**shown)),
        ~Exists(Comment.objects.filter(**noted)),
        ~Exists(TimelineEntry.objects.filter(kind="note", **noted)),
        ~Exists(Cause.objects.filter(in_cause)),
    )


def _pictures(limits: Limits, most: int) -> int:
    return delete_some(unused_pictures().filter(created_at__lt=limits.before()), most)


def _history(limits: Limits, most: int) -> int:
    return delete_history(HISTORY, limits.before(), most)


def register_kinds() -> None:
    for name, kind in {
        "notifications": Kind(
            "Notifications sent",
            (NotificationDelivery,),
            "Deleted {days} after the event that they are of.",
            "created_at",
            "EVENT_RETENTION_DAYS",
            EVENT_DAYS,
            delete=_notifications,
        ),
        "pictures": Kind(
            "Pictures in postmortems",
            (Picture,),
            "Deleted after {days} if no text shows them, drafts and former versions included.",
            "created_at",
            "PICTURE_RETENTION_DAYS",
            30,
            delete=_pictures,
            at_once=50,
        ),
        "history-of-knowledge": Kind(
            "Former versions of causes, checks and action items",
            HISTORY,
            "Deleted {days} after they were written; the newest of each record stays.",
            "history_date",
            "HISTORY_RETENTION_DAYS",
            HISTORY_DAYS,
            delete=_history,
        ),
        "postmortems": Kind(
            "Postmortems with their versions, comments and action items",
            (
                Postmortem.history.model, Postmortem, Postmortem.incidents.through, Draft, Comment,
                tables.PostmortemReview, ActionItem, tables.PostmortemTemplate,
            ),
            "Never deleted: they are what people learnt.",
            "history_date",
        ),
        "causes": Kind(
            "Causes, their links to incidents, and citations",
            (
                CauseLink.history.model, CauseLink, Cause, tables.Citation, tables.LedTo,
                tables.Category, tables.Fix, Check,
            ),
            "Never deleted: suggestions are made of them, and when a link was first confirmed says "
            "how good suggestions were.",
            "history_date",
        ),
        "trackers": Kind(
            "Trackers, and the issues that action items are linked with",
            (tables.TrackedIssue, tables.Tracker),
            "As many as trackers and linked action items.",
        ),
        "history-connections": Kind(
            "Connections from which history is imported, and their readings",
            (tables.HistoryReading, tables.HistoryConnection),
            "As many as connections, each with up to three readings.",
        ),
        "copies": Kind(
            "Targets of postmortems, and the copies there",
            (tables.PublishedCopy, tables.PublishTarget),
            "As many as targets, each with a copy of a postmortem at most.",
        ),
        "on-call": Kind(
            "Who is on call",
            (tables.OnCall, tables.OnCallReading),
            "Read anew every few minutes, and deleted when it could not be read for two days.",
        ),
        "chat": Kind(
            "Chat workspaces, people and channels",
            (
                tables.IncidentChannel, tables.Workspace, tables.ChatPerson, tables.ChatCode,
                tables.NotificationRule, tables.StatedAnswer, tables.ChannelRule,
                tables.OpenedChannel,
            ),
            "As many as workspaces, rules and people; a channel and a stated answer for each "
            "incident. Messages themselves are not stored.",
        ),
    }.items():  # fmt: skip
        KINDS.register(name, kind)
