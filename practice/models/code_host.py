"""Code hosts, and the results that are published there."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse

from common.leased_jobs import LeasedJob, RequestedJobs
from kb.models.connection import Connection
from practice.models.records import LoadTest


class CodeHost(Connection):
    """Where repositories are, and a token for the statuses of their commits."""

    resting_until = models.DateTimeField(null=True, blank=True, editable=False)
    trouble = models.TextField(blank=True, editable=False, help_text="The last failure of all.")
    last_refusal = models.TextField(
        blank=True,
        editable=False,
        help_text="The last failure with what the server wrote; for those who manage code hosts.",
    )

    def get_absolute_url(self) -> str:
        return reverse("practice:code-host", args=[self.pk])


class Publication(LeasedJob):
    """The job that shows a load test beside its commit, and what it showed last."""

    test = models.OneToOneField(LoadTest, models.CASCADE, related_name="publication")
    host = models.ForeignKey(CodeHost, models.CASCADE, related_name="publications")
    passed = models.BooleanField(null=True, blank=True, help_text="What the host shows.")
    summary = models.CharField(max_length=1000, blank=True)
    requests = models.PositiveIntegerField(default=0, help_text="How often it was requested.")

    objects = RequestedJobs["Publication"].as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="publication_due",
                condition=Q(state__in=["waiting", "claimed"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.test} in {self.host}"
