"""Linking action items with issues: new ones, and ones that exist."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kb import remote_connections
from kb.models import ActionItem, TrackedIssue, Tracker
from kb.remote_api import RemoteError
from kb.remote_connections import configured_plugin
from kb.trackers import registry
from kb.trackers.base import NotOurs, TrackerPlugin
from kb.tracking.issue_text import withheld_reason

UNREADABLE = _(
    "The secrets of this tracker cannot be read with this SECRET_KEY: enter them again in its "
    "settings."
)


def plugin_of(tracker: Tracker) -> TrackerPlugin:
    """The plug-in with its settings. Raises RemoteError where there is none or no secret."""
    found: TrackerPlugin = configured_plugin(tracker, registry(), "tracker", UNREADABLE)
    return found


@transaction.atomic
def link_issue(action: ActionItem, tracker: Tracker, reference: str = "") -> TrackedIssue:
    """Link the issue that `reference` names by key or address; create one if it is empty.

    A worker sends the requests. Raises ValidationError by field name.
    """
    action = ActionItem.objects.select_for_update(of=("self",)).get(pk=action.pk)
    known = TrackedIssue.objects.filter(action=action).first()
    if known is not None:
        raise ValidationError(
            _("It is linked with %(issue)s: unlink that first."), params={"issue": known}
        )
    if withheld := withheld_reason(action):
        raise ValidationError(withheld)
    if not tracker.enabled:
        error = ValidationError(_("%(name)s is switched off."), params={"name": tracker})
        raise ValidationError({"tracker": error})
    if not reference.strip() and action.state != ActionItem.State.OPEN:
        raise ValidationError(_("Only an open action gets a new issue: open it, or name an issue."))
    issue = TrackedIssue(action=action, tracker=tracker)
    if reference.strip():
        try:
            issue.issue_id = issue.key = plugin_of(tracker).id_of(reference[:500])
        except NotOurs as failure:
            raise ValidationError({"reference": str(failure)}) from failure
        except RemoteError as failure:
            raise ValidationError({"tracker": str(failure)}) from failure
    issue.save()
    return issue


@transaction.atomic
def unlink_issue(issue: TrackedIssue) -> None:
    """Forget which issue it is; the issue itself stays as it is."""
    action = ActionItem.objects.select_for_update(of=("self",)).get(pk=issue.action_id)
    issue.delete()
    if issue.url and action.tracker_url == issue.url:
        action.tracker_url = ""
        action.save()


def bring_in_step(issue: TrackedIssue) -> None:
    """Have a worker read and send again, whatever became of it before."""
    TrackedIssue.objects.filter(pk=issue.pk).request()


def forget_failures(tracker: Tracker) -> None:
    remote_connections.forget_failures(Tracker.objects.filter(pk=tracker.pk))


def settings_changed(tracker: Tracker) -> None:
    """What failed for the former settings is tried again."""
    forget_failures(tracker)
    TrackedIssue.objects.filter(tracker=tracker, state=TrackedIssue.State.FAILED).request()


def probe(tracker: Tracker) -> str:
    """A sentence that says that the settings are right. Raises RemoteError.

    What failed before is tried again if they are.
    """
    answer = plugin_of(tracker).probe()
    if tracker.trouble or (tracker.resting_until and tracker.resting_until > timezone.now()):
        settings_changed(tracker)
    return answer
