"""Where published postmortems are copied to, and the copies there."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse

from common.leased_jobs import PENDING, LeasedJob
from kb.models.connection import Connection
from kb.models.postmortem import Postmortem


class PublishTarget(Connection):
    """A place elsewhere, such as a space of Confluence."""

    automatic_since = models.DateTimeField(
        null=True, blank=True, editable=False,
        help_text="What is published from then on is copied by itself.",
    )  # fmt: skip
    trouble = models.TextField(blank=True, editable=False, help_text="Why the last copy failed.")

    def get_absolute_url(self) -> str:
        return reverse("kb:target", args=[self.pk])


class PublishedCopy(LeasedJob):
    """The copy of a postmortem at a target, and the job that writes it.

    `version` is that of the postmortem which is there; 0 as long as nothing is.
    """

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="copies")
    target = models.ForeignKey(PublishTarget, models.CASCADE, related_name="copies")
    remote_id = models.CharField(max_length=400, blank=True)
    url = models.URLField(max_length=500, blank=True)
    version = models.PositiveIntegerField(default=0)
    copied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["postmortem", "target"], name="copy_one_a_target")
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="copy_due",
                condition=Q(state__in=["waiting", "claimed"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.postmortem} in {self.target}"

    @property
    def is_pending(self) -> bool:
        return self.state in PENDING
