"""Keeps action items and their issues in step.

Each run reads the issue, compares it and the action with what both last had in common, and carries
over whichever changed. Nothing else is needed against loops, repetitions and events out of order:
a run that finds both the same changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from common.counting import Counts
from common.errors import error_text
from common.leased_jobs import claim_due, claimable, finish, outcome_of, retry_later
from common.redaction import redact
from kb.causes import fixes
from kb.models import ActionItem, Fix, TrackedIssue, Tracker
from kb.postmortems.action_items import edit_action
from kb.remote_api import RemoteError
from kb.remote_connections import note_failure
from kb.trackers.base import IssueMissing, TrackerIssue, TrackerPlugin
from kb.tracking.issue_text import draft_of, withheld_reason
from kb.tracking.linking import forget_failures, plugin_of

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 8
MOST_STALE = 4
"""Attempts at which an older state than the known one is no lag of a copy any more."""
AFTER_CREATING = timedelta(seconds=60)
"""Before a creation that may have succeeded is repeated: so long some take to find it."""
POLL_OPEN, POLL_CLOSED = timedelta(minutes=10), timedelta(days=1)
BATCH = 200
State, IssueState = TrackedIssue.State, TrackedIssue.IssueState
SYNCED = Counts("tracker_syncs", "Issues read or changed, by tracker and outcome.",
                ["tracker", "outcome"])  # fmt: skip


def sync_due(seconds: float = 8.0) -> int:
    """Bring those in step that are due; returns how many were. Safe to run twice at a time."""
    request_polls()
    until, done = monotonic() + seconds, 0
    for pk in list(due_issues().values_list("pk", flat=True)[:BATCH]):
        if monotonic() > until:
            break
        done += sync(pk)
    return done


def due_issues() -> QuerySet[TrackedIssue]:
    now = timezone.now()
    rests = Q(tracker__resting_until__gt=now)
    return TrackedIssue.objects.filter(claimable(), ~rests, tracker__enabled=True).order_by(
        "not_before", "pk"
    )


def request_polls() -> None:
    """Have issues read whose last reading is long ago: a webhook may be missing or lost."""
    now = timezone.now()
    is_open = Q(issue_state__in=[IssueState.OPEN, IssueState.UNKNOWN])
    due = Q(checked_at__lte=now - POLL_CLOSED) | is_open & Q(checked_at__lte=now - POLL_OPEN)
    rows = TrackedIssue.objects.filter(due, state__in=[State.DONE, State.FAILED])
    keys = rows.exclude(issue_id="").order_by("checked_at").values_list("pk", flat=True)[:BATCH]
    still = TrackedIssue.objects.filter(pk__in=list(keys), state__in=[State.DONE, State.FAILED])
    still.update(state=State.WAITING, attempts=0, not_before=now)


def sync(pk: int) -> bool:
    """Claim one and bring it in step; False where it was not ours to do, or failed."""
    rows = TrackedIssue.objects.select_related("tracker", "action__postmortem", "action__cause")
    issue = claim_due(due_issues(), rows, pk, LEASE)
    if issue is None:
        return False
    outcome = outcome_of(issue, _sync, RemoteError, _fail, _finish_with)
    SYNCED.add(issue.tracker.kind, outcome)
    return outcome == "done"


def _sync(issue: TrackedIssue) -> str:
    if issue.attempts > MAX_ATTEMPTS:
        _finish_with(issue, "Workers died on it again and again; gave up.")
        return "error"
    if withheld := withheld_reason(issue.action):
        _finish_with(issue, str(withheld))
        return "withheld"
    plugin = plugin_of(issue.tracker)
    try:
        found = _read_or_create(issue, plugin)
        found = _send_our_change(issue, plugin, found)
        _settle(issue, found)
    except IssueMissing:
        _settle_missing(issue)
        return "missing"
    except ValidationError as error:
        _finish_with(issue, f"The state cannot be carried over: {error_text(error)}")
        return "refused"
    if issue.tracker.trouble or issue.tracker.last_refusal:
        forget_failures(issue.tracker)
    return "done"


def _read_or_create(issue: TrackedIssue, plugin: TrackerPlugin) -> TrackerIssue:
    if issue.issue_id:
        found = plugin.fetch(issue.issue_id)
    else:
        draft = draft_of(issue)
        found = plugin.find_marked(draft) or plugin.create(draft)
        # At once, so that whatever fails from here on creates no second one.
        issue.agreed_closed = False
        rows = TrackedIssue.objects.filter(pk=issue.pk)
        rows.update(issue_id=found.id, agreed_closed=False)
    known = issue.issue_updated_at
    if known and found.updated_at < known and issue.attempts < MOST_STALE:
        raise RemoteError("The tracker answered with an older state than before.", passing=True)
    return found


def _send_our_change(
    issue: TrackedIssue, plugin: TrackerPlugin, found: TrackerIssue
) -> TrackerIssue:
    """Close or open the issue if it is the action that changed; the issue afterwards.

    From then on `agreed_closed` is what was sent.
    """
    if found.state == "moved" or issue.agreed_closed is None:
        return found
    state = ActionItem.objects.values_list("state", flat=True).get(pk=issue.action_id)
    closed = state != ActionItem.State.OPEN
    if _is_closed(found) == closed or issue.agreed_closed == closed:
        return found
    if closed:
        changed = plugin.close(found.id, dropped=state == ActionItem.State.DROPPED)
    else:
        changed = plugin.reopen(found.id)
    if _is_closed(changed) != closed:
        raise RemoteError("The tracker accepted the change, and did not make it.", passing=True)
    issue.agreed_closed = closed
    return changed


def _is_closed(found: TrackerIssue) -> bool:
    return found.state != "open"


@transaction.atomic
def _settle(issue: TrackedIssue, found: TrackerIssue) -> None:
    """Store what was read, and carry a change of the issue over to its action."""
    action = ActionItem.objects.select_for_update(of=("self",)).get(pk=issue.action_id)
    row = finish(issue)
    if row is None:
        return
    if row.key and row.key != found.key and row.checked_at:
        row.former_key = row.key
    row.issue_id, row.key, row.url = found.id[:400], found.key[:400], found.url[:500]
    row.title, row.status = found.title[:300], found.status[:100]
    row.issue_state, row.issue_updated_at = IssueState(found.state), found.updated_at
    row.checked_at = timezone.now()
    if found.state != "moved":
        _agree(row, issue, action, found)
    if action.tracker_url != row.url:
        action.tracker_url = row.url
        action.save()
    _save(row, issue)


def _agree(
    row: TrackedIssue, claimed: TrackedIssue, action: ActionItem, found: TrackerIssue
) -> None:
    """Carry a change of the issue over to its action, and to whether the cause is fixed."""
    theirs, ours = _is_closed(found), action.state != ActionItem.State.OPEN
    row.agreed_closed = claimed.agreed_closed
    if theirs != ours:
        if row.agreed_closed not in (None, ours):
            return  # The action was changed while the issue was being read: that is sent next.
        edit_action(action, state=found.state)
        claimed.requests += 1  # This edit requested it, and needs no run of its own.
    row.agreed_closed = theirs
    if theirs and found.state == "done":
        _record_fix(row, action)
    elif not theirs:
        _withdraw_fix(row)


def _save(row: TrackedIssue, claimed: TrackedIssue) -> None:
    """Store the outcome; it is done again if that was requested since it was claimed."""
    row.refresh_from_db(fields=["requests"])
    if row.requests != claimed.requests:
        row.requeue()
    row.save()


def _record_fix(row: TrackedIssue, action: ActionItem) -> None:
    """The cause counts as fixed once the last preventive action of it is done."""
    cause = action.cause
    if cause is None or action.kind != ActionItem.Kind.PREVENT or row.fix is not None:
        return
    others = cause.action_items.filter(kind=ActionItem.Kind.PREVENT).exclude(pk=action.pk)
    promised = others.exclude(state=ActionItem.State.DROPPED).select_related("issue")
    if all(other.counts_as_done for other in promised) and fixes.current_fix(cause) is None:
        row.fix = fixes.mark_fixed(cause, note=f"{row.key} is closed in {row.tracker}.")


def _withdraw_fix(row: TrackedIssue) -> None:
    """What was opened again is not fixed; that a cause came back since stays known."""
    if row.fix is not None:
        Fix.objects.filter(pk=row.fix.pk, returned_at=None).delete()
        row.fix = None


@transaction.atomic
def _settle_missing(issue: TrackedIssue) -> None:
    row = finish(issue)
    if row is not None:
        row.issue_state, row.checked_at = IssueState.MISSING, timezone.now()
        _save(row, issue)


@transaction.atomic
def _finish_with(issue: TrackedIssue, error: str) -> None:
    row = finish(issue, error)
    if row is not None:
        row.checked_at = timezone.now()
        _save(row, issue)


def _fail(issue: TrackedIssue, error: RemoteError) -> str:
    written = f"{error} It wrote: {redact(error.detail)}"[:1000] if error.detail else ""
    note_failure(Tracker.objects.filter(pk=issue.tracker_id), error, written)
    if error.passing and issue.attempts < MAX_ATTEMPTS:
        wait = timedelta(seconds=error.wait)
        retry_later(issue, str(error), wait if issue.issue_id else max(wait, AFTER_CREATING))
        return "retried"
    _finish_with(issue, str(error))
    return "failed"
