"""What we know: causes, checks, fixes, postmortems, action items, chat and notifications."""

from kb.models.action_item import ActionItem
from kb.models.cause import Category, Cause, CauseLink, Citation, LedTo
from kb.models.chat import ChatCode, ChatPerson, ChatRoom, Workspace
from kb.models.check import Check
from kb.models.fix import Fix
from kb.models.notification import Rule, Telling
from kb.models.postmortem import Comment, Draft, Picture, Postmortem, PostmortemTemplate, Review

__all__ = [
    "ActionItem",
    "Category",
    "Cause",
    "CauseLink",
    "ChatCode",
    "ChatPerson",
    "ChatRoom",
    "Check",
    "Citation",
    "Comment",
    "Draft",
    "Fix",
    "LedTo",
    "Picture",
    "Postmortem",
    "PostmortemTemplate",
    "Review",
    "Rule",
    "Telling",
    "Workspace",
]
