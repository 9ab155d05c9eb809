"""What we know: causes, checks, fixes, postmortems, action items and their issues, chat; and from
where it was imported.
"""

from kb.models.action_item import ActionItem
from kb.models.cause import Category, Cause, CauseLink, Citation, LedTo
from kb.models.channel import ChannelRule, OpenedChannel
from kb.models.chat import ChatCode, ChatPerson, IncidentChannel, Workspace
from kb.models.check import Check
from kb.models.fix import Fix
from kb.models.history_connection import HistoryConnection, HistoryReading
from kb.models.notification import NotificationDelivery, NotificationRule, StatedAnswer
from kb.models.on_call import OnCall, OnCallReading
from kb.models.postmortem import (
    Comment,
    Draft,
    Picture,
    Postmortem,
    PostmortemReview,
    PostmortemTemplate,
)
from kb.models.published_copy import PublishedCopy, PublishTarget
from kb.models.tracker import TrackedIssue, Tracker

__all__ = [
    "ActionItem",
    "Category",
    "Cause",
    "CauseLink",
    "ChannelRule",
    "ChatCode",
    "ChatPerson",
    "Check",
    "Citation",
    "Comment",
    "Draft",
    "Fix",
    "HistoryConnection",
    "HistoryReading",
    "IncidentChannel",
    "LedTo",
    "NotificationDelivery",
    "NotificationRule",
    "OnCall",
    "OnCallReading",
    "OpenedChannel",
    "Picture",
    "Postmortem",
    "PostmortemReview",
    "PostmortemTemplate",
    "PublishTarget",
    "PublishedCopy",
    "StatedAnswer",
    "TrackedIssue",
    "Tracker",
    "Workspace",
]
