"""Action items: promised fixes with an owner and a due date."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from common.check_constraints import CheckConstraint
from kb.models.postmortem import Postmortem, optional_user


class ActionItem(models.Model):
    """A promised fix with owner and due date, tied to a postmortem and a cause."""

    class Kind(models.TextChoices):
        PREVENT = "prevent", _("Prevent")
        DETECT = "detect", _("Detect")
        MITIGATE = "mitigate", pgettext_lazy("action item", "Mitigate")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("action item", "Open")
        DONE = "done", pgettext_lazy("action item", "Done")
        DROPPED = "dropped", pgettext_lazy("action item", "Dropped")

    title = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PREVENT)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    owner = optional_user("action_items")
    owner_named = models.CharField(
        max_length=200, blank=True, help_text="As an import named them, where no account fits."
    )
    due_on = models.DateField(null=True, blank=True)
    tracker_url = models.URLField(_("link to the tracker"), max_length=500, blank=True)
    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="action_items")
    cause = models.ForeignKey(
        "kb.Cause", models.SET_NULL, null=True, blank=True, related_name="action_items"
    )
    author = optional_user()
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    reminded_on = models.DateField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["due_on", "pk"]
        indexes = [
            models.Index(fields=["due_on"], name="action_open", condition=Q(state="open")),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(state__in=["open", "done", "dropped"]), name="action_state_known"
            ),
            CheckConstraint(
                condition=Q(kind__in=["prevent", "detect", "mitigate"]), name="action_kind_known"
            ),
            CheckConstraint(
                condition=Q(state="open") | ~Q(closed_at=None), name="action_closed_has_time"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{self.postmortem.get_absolute_url()}#action-{self.pk}"

    @property
    def counts_as_done(self) -> bool:
        """By the state of its issue, where it has one in a tracker."""
        issue = getattr(self, "issue", None)
        if issue is None or issue.is_lost or not issue.issue_state:
            return self.state == self.State.DONE
        return bool(issue.issue_state == self.State.DONE)

    @property
    def is_overdue(self) -> bool:
        return bool(
            self.state == self.State.OPEN and self.due_on and self.due_on < timezone.now().date()
        )
