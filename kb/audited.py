"""What the audit log records of causes, postmortems, action items and chat workspaces."""

from __future__ import annotations

from typing import Any

from kb.models import (
    ActionItem,
    Category,
    Cause,
    CauseLink,
    ChannelRule,
    ChatPerson,
    Check,
    Citation,
    Comment,
    Fix,
    HistoryConnection,
    IncidentChannel,
    LedTo,
    NotificationRule,
    Picture,
    Postmortem,
    PostmortemReview,
    PostmortemTemplate,
    PublishedCopy,
    PublishTarget,
    TrackedIssue,
    Tracker,
    Workspace,
)
from people.audit import watch


def of_incident(row: Any) -> bool:
    return bool(row.incident.private)


def private_cause(cause: Cause) -> bool:
    """Whether all incidents with it are private."""
    states = set(cause.incidents.values_list("private", flat=True)) if cause.pk else set()
    return bool(getattr(cause, "private", False)) or states == {True}


def of_cause(row: Any) -> bool:
    return private_cause(row.cause)


def private_postmortem(postmortem: Postmortem) -> bool:
    if getattr(postmortem, "private", False):
        return True
    return bool(postmortem.pk) and postmortem.incidents.filter(private=True).exists()


def of_postmortem(row: Any) -> bool:
    return private_postmortem(row.postmortem)


def of_action(row: Any) -> bool:
    return private_postmortem(row.action.postmortem)


WRITTEN_BY_WORKERS = {
    "state", "attempts", "claimed_by", "claimed_at", "lease_until", "not_before", "error",
    "finished_at", "title", "status", "issue_updated_at", "checked_at", "agreed_closed", "requests",
    "mark", "key", "former_key", "url", "issue_state", "fix", "issue_id",
}  # fmt: skip
"""Of an issue: what is recorded is which one is linked with which action."""


def watch_models() -> None:
    for model in (Category, ChannelRule, NotificationRule, PostmortemTemplate, ChatPerson):
        watch(model, always=True)
    watch(Workspace, always=True, secret={"slug", "sealed"})
    watch(
        Tracker, always=True, secret={"slug", "sealed"},
        ignored={"resting_until", "trouble", "last_refusal"},
    )  # fmt: skip
    watch(HistoryConnection, always=True, secret={"sealed"}, ignored={"followed_to", "trouble"})
    watch(PublishTarget, always=True, secret={"sealed"}, ignored={"automatic_since", "trouble"})
    watch(Cause, always=False, private=private_cause)
    for of_one in (CauseLink, LedTo, IncidentChannel):
        watch(of_one, always=False, private=of_incident)
    watch(Citation, always=False, private=lambda row: row.link.incident.private)
    for about_cause in (Check, Fix):
        watch(about_cause, always=False, private=of_cause)
    watch(Postmortem, always=False, private=private_postmortem)
    watch(ActionItem, always=False, ignored={"reminded_on"}, private=of_postmortem)
    watch(TrackedIssue, always=False, ignored=WRITTEN_BY_WORKERS, private=of_action)
    watch(
        PublishedCopy, always=False, private=of_postmortem,
        ignored=WRITTEN_BY_WORKERS | {"remote_id", "version", "copied_at"},
    )  # fmt: skip
    for about_text in (Comment, Picture, PostmortemReview):
        watch(about_text, always=False, private=of_postmortem)
