"""What the issue of an action item says: the action, its cause, and where it was promised."""

from __future__ import annotations

from datetime import timedelta

from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.redaction import redact
from common.site_url import public_url
from kb.audited import private_postmortem
from kb.models import ActionItem, Cause, TrackedIssue
from kb.trackers.base import IssueDraft

CLOCKS_DIFFER = timedelta(hours=1)
LONGEST_PART = 2000
"""Characters of each text of the cause."""
WITHHELD = _(
    "Its postmortem is about a private incident: nothing of it is sent to a tracker. Once it is "
    "public, try again."
)


def withheld_reason(action: ActionItem) -> Text:
    """Why nothing may be sent about an action; empty if everything may."""
    private_cause = action.cause is not None and action.cause.private
    return WITHHELD if private_cause or private_postmortem(action.postmortem) else ""


def draft_of(issue: TrackedIssue) -> IssueDraft:
    """The new issue of an action that may be sent."""
    action, base = issue.action, public_url()
    paragraphs = [("Action", action.title), ("Purpose", action.get_kind_display())]
    if action.due_on:
        paragraphs.append(("Due", action.due_on.isoformat()))
    links = [("Postmortem", f"{base}{action.get_absolute_url()}")]
    if action.cause is not None:
        paragraphs += _of_cause(action.cause)
        links.append(("Cause", f"{base}{action.cause.get_absolute_url()}"))
    return IssueDraft(
        mark=str(issue.mark),
        title=redact(action.title),
        since=issue.created_at - CLOCKS_DIFFER,
        paragraphs=[(label, redact(text)) for label, text in paragraphs],
        links=links,
        due_on=action.due_on,
    )


def _of_cause(cause: Cause) -> list[tuple[str, str]]:
    parts = [
        ("Cause", cause.name),
        ("What happens", cause.what_happens),
        ("How to prevent it", cause.how_to_prevent),
    ]
    return [(label, Truncator(text).chars(LONGEST_PART)) for label, text in parts if text]
