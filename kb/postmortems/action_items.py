"""Adding and editing action items, and reminding their owners."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.row_limits import require_space
from incidents.events import outbox
from incidents.events.notices import notify
from kb.models import ActionItem, Cause, Postmortem, TrackedIssue
from kb.permissions import visible_postmortems
from kb.postmortems.editing import most_private_incident
from kb.privacy import is_private

DUE_SOON = timedelta(days=3)
MOST_ACTIONS = 500
REMINDER_INTERVAL = timedelta(days=7)


@transaction.atomic
def add_action(postmortem: Postmortem, *, author: User | None = None, **fields: Any) -> ActionItem:
    """A new action item; its owner gets a notice. Raises ValidationError by field name."""
    require_space(
        postmortem.action_items, MOST_ACTIONS, "title", _("A postmortem has action items,")
    )
    action = ActionItem(postmortem=postmortem, author=author, **fields)
    if action.cause is None:
        action.cause = _only_cause(postmortem)
    _set_closed_at(action)
    action.full_clean(exclude=["author", "owner"])
    action.save()
    _check_cause(action)
    if action.owner and action.owner != author and _may_see(action.owner, action):
        notify(
            action.owner, f"action-{action.pk}-yours", f"Yours now: {action.title}",
            action.get_absolute_url(),
        )  # fmt: skip
    return action


def _only_cause(postmortem: Postmortem) -> Cause | None:
    """The root cause of the postmortem's incidents, where there is just one."""
    causes = Cause.objects.filter(
        links__incident__in=postmortem.incidents.all(),
        links__role="root",
        links__state="confirmed",
    ).distinct()[:2]
    return causes[0] if len(causes) == 1 else None


@transaction.atomic
def edit_action(action: ActionItem, author: User | None = None, **fields: Any) -> ActionItem:
    former, former_state = action.owner, action.state
    for name, value in fields.items():
        setattr(action, name, value)
    _set_closed_at(action)
    action.full_clean(exclude=["author", "owner"])
    action.save()
    _check_cause(action)
    if action.state != former_state:
        TrackedIssue.objects.filter(action=action).request()
    if action.owner and action.owner not in (former, author) and _may_see(action.owner, action):
        notify(
            action.owner, f"action-{action.pk}-yours-{action.owner_id}",
            f"Yours now: {action.title}", action.get_absolute_url(),
        )  # fmt: skip
    return action


def _check_cause(action: ActionItem) -> None:
    """Raises ValidationError if a public postmortem would show a private cause."""
    if action.cause and action.cause.private and not action.postmortem.private:
        raise ValidationError({"cause": is_private(action.cause)})


def _may_see(person: User, action: ActionItem) -> bool:
    return visible_postmortems(person).filter(pk=action.postmortem_id).exists()


def _set_closed_at(action: ActionItem) -> None:
    if action.state == ActionItem.State.OPEN:
        action.closed_at = None
    else:
        action.closed_at = action.closed_at or timezone.now()


def remind_owners_of_due_items(today: date | None = None) -> int:
    """Remind owners of items overdue or due soon, weekly; returns how many were reminded.

    Safe to run twice: a row stores the day of its last reminder, a notice is unique by its key.
    """
    today = today or timezone.now().date()
    notified = 0
    due = ActionItem.objects.filter(state=ActionItem.State.OPEN, due_on__lte=today + DUE_SOON)
    for action in due.select_related("owner", "author", "postmortem"):
        if action.reminded_on and today - action.reminded_on < REMINDER_INTERVAL:
            continue
        person = action.owner or action.author
        if person is None or not _may_see(person, action):
            continue
        days = (action.due_on - today).days if action.due_on else 0
        when = f"is {-days} days overdue" if days < 0 else f"is due in {days} days"
        when = "is due today" if days == 0 else when
        key = f"action-{action.pk}-{today.isoformat()}"
        if days < 0 and action.postmortem.incidents.exists():
            incident = most_private_incident(action.postmortem)
            text = f"“{action.title}” {when}"
            outbox.record("action.overdue", incident, text, action.get_absolute_url())
        notified += notify(person, key, f"“{action.title}” {when}", action.get_absolute_url())
        ActionItem.objects.filter(pk=action.pk).update(reminded_on=today)
    return notified
