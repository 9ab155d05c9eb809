"""Marking causes as fixed, and the regression guard: what happens when one comes back."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.markdown import escape_markdown
from common.viewer import Viewer
from incidents import filing
from incidents.events import outbox
from incidents.events.notices import notify
from incidents.models import Incident
from incidents.permissions import can_see, visible_incidents
from kb.models import ActionItem, Cause, CauseLink, Fix
from kb.permissions import visible_causes
from people import audit


@transaction.atomic
def mark_fixed(
    cause: Cause, author: User | None = None, note: str = "", at: datetime | None = None
) -> Fix:
    """Mark `cause` as fixed since `at`. Raises ValidationError if it is marked already."""
    cause = Cause.objects.select_for_update(of=("self",)).get(pk=cause.pk)
    marked = current_fixes(author) if author else Fix.objects.filter(returned_at=None)
    if marked.filter(cause=cause).exists():
        raise ValidationError(_("This cause is marked fixed already."))
    at = at or timezone.now()
    if at > timezone.now():
        raise ValidationError({"fixed_at": _("This lies in the future.")})
    fix = Fix(cause=cause, fixed_at=at, note=note.strip(), author=author)
    fix.full_clean(exclude=["author", "cause"])
    fix.save()
    return fix


def current_fixes(viewer: Viewer) -> QuerySet[Fix]:
    """Fixes that hold as far as `viewer` may know: that a hidden incident disproved one is hidden
    too."""
    seen = visible_incidents(viewer).values("pk")
    hidden = Q(returned_with__isnull=False) & ~Q(returned_with__in=seen)
    return Fix.objects.filter(Q(returned_at=None) | hidden)


def current_fix(cause: Cause) -> Fix | None:
    return Fix.objects.filter(cause=cause, returned_at=None).first()


@transaction.atomic
def record_return(cause: Cause, incident: Incident, why: str) -> Fix | None:
    """Record that `incident` shows a fixed cause again; None if it was not fixed at that time.

    The timeline names the action item that should have prevented it; its owner and whoever marked
    the cause fixed get a notice.
    """
    fix = Fix.objects.select_for_update(of=("self",)).filter(cause=cause, returned_at=None).first()
    if fix is None or incident.impact_started_at < fix.fixed_at:
        return None
    fix.returned_at, fix.returned_with = max(timezone.now(), fix.fixed_at), incident
    fix.save()
    shown = Q(postmortem__private=False) | Q(postmortem__incidents=incident)
    action = preventive_action(cause.action_items.filter(shown))
    text = (
        f"Back after its fix of {fix.fixed_at:%Y-%m-%d}: **{escape_markdown(cause.name)}**. {why}"
    )
    if action:
        owner = action.owner or action.owner_named or "nobody"
        state = "done" if action.counts_as_done else action.get_state_display().lower()
        text += (
            f"\n\n“{escape_markdown(action.title)}” should have prevented it "
            f"({state}, owner: {owner}).{_issue_in_words(action)}"
        )
    filing.add_entry(incident, filing.Kind.CAUSE, text)
    back = f"{incident.reference}: “{cause.name}” is back after its fix"
    outbox.record("cause.returned", incident, back)
    # An action that this incident may not name has an owner too.
    promised = preventive_action(cause.action_items.all())
    recipients = {person for person in (promised and promised.owner, fix.author) if person}
    for person in recipients:
        if not visible_causes(person).filter(pk=cause.pk).exists():
            continue
        visible = can_see(person, incident)
        prefix = f"{incident.reference}: " if visible else ""
        path = incident.get_absolute_url() if visible else cause.get_absolute_url()
        notify(
            person, f"fix-{fix.pk}-returned", f"{prefix}“{cause.name}” is back after its fix", path
        )
    return fix


def preventive_action(items: QuerySet[ActionItem]) -> ActionItem | None:
    """The one of a cause's items that should have prevented it: done ones before open ones."""
    actions = items.exclude(state=ActionItem.State.DROPPED).select_related(
        "owner", "issue__tracker"
    )
    ranked = sorted(
        actions,
        key=lambda action: (
            action.kind != ActionItem.Kind.PREVENT,
            not action.counts_as_done,
            -action.pk,
        ),
    )
    return ranked[0] if ranked else None


def _issue_in_words(action: ActionItem) -> str:
    """Its issue in the tracker as Markdown, after a space; empty without one."""
    issue = getattr(action, "issue", None)
    if issue is None or not issue.url:
        return ""
    state = escape_markdown(issue.status or issue.get_issue_state_display())
    key, tracker = escape_markdown(issue.key), escape_markdown(issue.tracker.name)
    return f" Its issue is [{key}]({issue.url}) in {tracker}: {state}."


def update_after_link(link: CauseLink) -> None:
    """A confirmed link may show that a fix failed; rejecting it restores the fix."""
    if link.state == CauseLink.State.CONFIRMED:
        record_return(link.cause, link.incident, "Confirmed as a cause of this incident.")
    elif link.state == CauseLink.State.REJECTED:
        restore_fix(link.cause, link.incident)


def restore_fix(cause: Cause, incident: Incident) -> None:
    """The fix holds again that `incident` seemed to disprove, unless there is a newer one."""
    if current_fix(cause) is None:
        returned = Fix.objects.filter(cause=cause, returned_with=incident)
        audit.update(returned, returned_at=None, returned_with=None)
