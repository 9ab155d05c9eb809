"""Products from whose API history is imported, and how far each reading is."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.check_constraints import CheckConstraint
from common.leased_jobs import PENDING, LeasedJob
from kb.models.connection import Connection


class HistoryConnection(Connection):
    """One filter on one product."""

    followed_to = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="What changed until then was read."
    )
    trouble = models.TextField(blank=True, editable=False, help_text="Why the last reading failed.")

    def get_absolute_url(self) -> str:
        return reverse("kb:history-connection", args=[self.pk])


class HistoryReading(LeasedJob):
    """A reading of a connection, page by page; of each purpose the last one.

    `cursor` finds the next page; it is written together with the records of the page before.
    """

    class Purpose(models.TextChoices):
        PREVIEW = "preview", _("Preview")
        IMPORT = "import", _("Import")
        FOLLOW = "follow", _("Changes")

    connection = models.ForeignKey(HistoryConnection, models.CASCADE, related_name="readings")
    purpose = models.CharField(max_length=10, choices=Purpose)
    cursor = models.JSONField(default=dict, blank=True)
    since = models.DateTimeField(null=True, blank=True, help_text="Only what changed from then on.")
    began_at = models.DateTimeField(null=True, blank=True)
    progress = models.FloatField(null=True, blank=True, help_text="The share that is read, 0 to 1.")
    pages = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True, help_text="Records by what became of them.")
    found = models.JSONField(
        default=dict,
        blank=True,
        help_text="Beginnings of lists: titles, problems and more.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "purpose"], name="history_reading_one_a_purpose"
            ),
            CheckConstraint(
                condition=Q(purpose__in=["preview", "import", "follow"]),
                name="history_reading_purpose_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="history_reading_due",
                condition=Q(state__in=["waiting", "claimed"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} of {self.connection}"

    @property
    def is_pending(self) -> bool:
        return self.state in PENDING

    @property
    def percent(self) -> int | None:
        return None if self.progress is None else round(self.progress * 100)

    def count(self, name: str) -> int:
        return int(self.counts.get(name, 0))

    def restart(self, **fields: Any) -> None:
        """Reset to an empty reading that waits, unsaved."""
        self.requeue()
        self.cursor, self.counts, self.progress, self.pages = {}, {}, None, 0
        self.found = {"problems": self.found.get("problems", {})} if fields.get("since") else {}
        self.since, self.began_at = fields.get("since"), None
