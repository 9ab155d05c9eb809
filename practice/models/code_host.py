"""Code hosts, and the results that are published there."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from common.leased_jobs import LeasedJob
from common.sealing import SealedSecrets
from practice.models.records import LoadTest


class CodeHost(SealedSecrets):
    """Where repositories are, and a token for the statuses of their commits.

    `kind` names the plug-in.
    """

    kind = models.CharField(max_length=30)
    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    settings = models.JSONField(default=dict, blank=True)
    sealed = models.TextField(blank=True, editable=False)
    resting_until = models.DateTimeField(null=True, blank=True, editable=False)
    trouble = models.TextField(blank=True, editable=False, help_text="The last failure of all.")
    last_refusal = models.TextField(
        blank=True,
        editable=False,
        help_text="The last failure with what the server wrote; for those who manage code hosts.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("practice:code-host", args=[self.pk])


class PublicationQuerySet(models.QuerySet["Publication"]):
    def request(self) -> None:
        """Have these published; one that a worker is busy with is done again afterwards."""
        self.update(requests=F("requests") + 1)
        self.exclude(state=LeasedJob.State.CLAIMED).update(
            state=LeasedJob.State.WAITING, attempts=0, not_before=timezone.now(), finished_at=None
        )


class Publication(LeasedJob):
    """The job that shows a load test beside its commit, and what it showed last."""

    test = models.OneToOneField(LoadTest, models.CASCADE, related_name="publication")
    host = models.ForeignKey(CodeHost, models.CASCADE, related_name="publications")
    passed = models.BooleanField(null=True, blank=True, help_text="What the host shows.")
    summary = models.CharField(max_length=1000, blank=True)
    requests = models.PositiveIntegerField(default=0, help_text="How often it was requested.")

    objects = PublicationQuerySet.as_manager()

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
