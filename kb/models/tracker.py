"""Trackers of work, and the issues there that action items became."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from common.check_constraints import CheckConstraint
from common.leased_jobs import LeasedJob, RequestedJobs
from kb.models.action_item import ActionItem
from kb.models.chat import new_slug
from kb.models.connection import Connection
from kb.models.fix import Fix


class Tracker(Connection):
    """One project of a tracker."""

    slug = models.CharField(max_length=40, unique=True, default=new_slug, editable=False)
    resting_until = models.DateTimeField(null=True, blank=True, editable=False)
    trouble = models.TextField(blank=True, editable=False, help_text="The last failure of all.")
    last_refusal = models.TextField(
        blank=True,
        editable=False,
        help_text="The last failure with what the server wrote; for those who manage trackers.",
    )

    def get_absolute_url(self) -> str:
        return reverse("kb:tracker", args=[self.pk])


class TrackedIssue(LeasedJob):
    """The issue of an action item, and the job that keeps both in step.

    Until it has an `issue_id` the job creates the issue. `agreed_closed` is what action and issue
    last had in common: whichever differs from it has changed since.
    """

    class IssueState(models.TextChoices):
        UNKNOWN = "", pgettext_lazy("issue", "Not there yet")
        OPEN = "open", pgettext_lazy("issue", "Open")
        DONE = "done", pgettext_lazy("issue", "Done")
        DROPPED = "dropped", pgettext_lazy("issue", "Dropped")
        MOVED = "moved", pgettext_lazy("issue", "Moved")
        MISSING = "missing", pgettext_lazy("issue", "Deleted")

    action = models.OneToOneField(ActionItem, models.CASCADE, related_name="issue")
    tracker = models.ForeignKey(Tracker, models.CASCADE, related_name="issues")
    mark = models.UUIDField(
        default=uuid.uuid4, editable=False, unique=True, help_text="By it the issue is found again."
    )
    issue_id = models.CharField(max_length=400, blank=True)
    key = models.CharField(max_length=400, blank=True)
    former_key = models.CharField(max_length=400, blank=True, help_text="Before it was moved.")
    title = models.CharField(max_length=300, blank=True)
    url = models.URLField(max_length=500, blank=True)
    issue_state = models.CharField(max_length=10, choices=IssueState, blank=True)
    status = models.CharField(max_length=100, blank=True, help_text="In the tracker's words.")
    issue_updated_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    agreed_closed = models.BooleanField(null=True, blank=True)
    fix = models.ForeignKey(
        Fix, models.SET_NULL, null=True, blank=True, related_name="+",
        help_text="Of the cause, recorded because this issue was closed.",
    )  # fmt: skip
    requests = models.PositiveIntegerField(default=0, help_text="How often it was requested.")

    objects = RequestedJobs["TrackedIssue"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["tracker", "issue_id"], name="tracked_issue_id"),
            models.Index(
                fields=["not_before"],
                name="tracked_issue_due",
                condition=Q(state__in=["waiting", "claimed"]),
            ),
            models.Index(fields=["checked_at"], name="tracked_issue_checked"),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(issue_state__in=["", "open", "done", "dropped", "moved", "missing"]),
                name="tracked_issue_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key or 'a new issue'} in {self.tracker}"

    @property
    def is_lost(self) -> bool:
        """Whether its state says nothing about the action any more."""
        return self.issue_state in (self.IssueState.MOVED, self.IssueState.MISSING)
