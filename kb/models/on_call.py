"""Who is on call, as pagers say, and when that was read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from incidents.models import Service
from kb.models.chat import Workspace


class OnCallReading(models.Model):
    """When it is read next who is on call, and what came of it last."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, related_name="on_call_reading")
    not_before = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"On call in {self.workspace}"


class OnCall(models.Model):
    """Somebody whom a pager would call for a service now; written anew with each reading."""

    STALE_AFTER = timedelta(minutes=20)

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="on_call")
    service = models.ForeignKey(Service, models.CASCADE, related_name="people_on_call")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+",
        help_text="The account with the same mail address.",
    )  # fmt: skip
    name = models.CharField(max_length=200, help_text="As the pager names them.")
    rota = models.CharField(max_length=200, blank=True)
    level = models.PositiveSmallIntegerField(default=1, help_text="1 is called first.")
    until = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["service", "level", "rota", "name"]
        verbose_name = "person on call"
        verbose_name_plural = "people on call"

    def __str__(self) -> str:
        return f"{self.shown_name} for {self.service}"

    @classmethod
    def called_for(cls, services: Iterable[Service]) -> models.QuerySet[OnCall]:
        """Who is called for some services, the first one first."""
        rows = cls.objects.filter(service__in=services)
        return rows.select_related("service", "user", "workspace")

    @property
    def shown_name(self) -> str:
        """The name of the account; without one, as the pager names the person."""
        if self.user is None:
            return self.name
        return self.user.get_full_name() or self.user.get_username()

    @property
    def is_stale(self) -> bool:
        """Whether somebody else may be on call by now: read long ago, or the shift is over."""
        now = timezone.now()
        over = self.until is not None and self.until < now
        return over or self.read_at < now - self.STALE_AFTER
