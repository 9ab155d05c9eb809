"""What is coming: work that a team announces before it reaches production."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from incidents.models import Service
from incidents.models.service import SERVICE_NAME
from people.models import Team


class Announcement(models.Model):
    """A new microservice, or new calls and flows of a known one, and the load they will bring."""

    class State(models.TextChoices):
        OPEN = "open", "To be decided"
        ACCEPTED = "accepted", "Accepted"
        POSTPONED = "postponed", "Postponed"
        WITHDRAWN = "withdrawn", "Withdrawn"

    title = models.CharField(max_length=200, help_text="What is coming, in a few words.")
    owner = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="announcements",
        verbose_name="team", help_text="That builds it.",
    )  # fmt: skip
    service = models.ForeignKey(
        Service, models.SET_NULL, null=True, blank=True, related_name="announcements",
        help_text="That changes; empty for a new one.",
    )  # fmt: skip
    new_service = models.CharField(
        "new service", max_length=100, blank=True, validators=[SERVICE_NAME],
        help_text="The name of a new microservice.",
    )  # fmt: skip
    tier = models.CharField(max_length=20, choices=Service.Tier, default=Service.Tier.NORMAL)
    planned_on = models.DateField("in production on")
    flows = models.TextField(
        "flows and API calls", blank=True, max_length=5000,
        help_text="What users will do, and which calls that makes.",
    )  # fmt: skip
    expected_rate = models.FloatField(
        "expected load", null=True, blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1e9)],
        help_text="Requests a second at the peak that it adds.",
    )  # fmt: skip
    depends_on = models.ManyToManyField(
        Service, blank=True, related_name="announced_by", help_text="What it will call."
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    external_id = models.CharField(
        max_length=200, blank=True, editable=False, default="", db_default="",
        help_text="Of the pull or merge request that announces it.",
    )  # fmt: skip
    external_url = models.URLField(
        max_length=500,
        blank=True,
        editable=False,
        default="",
        db_default="",
        help_text="Where it comes from.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    decision = models.TextField(blank=True, max_length=5000, help_text="What was decided, and why.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["planned_on", "pk"]
        indexes = [models.Index(fields=["state", "planned_on"], name="announcement_coming")]
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"], condition=~Q(external_id=""), name="announcement_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.of_service}: {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("practice:announcement", args=[self.pk])

    @property
    def of_service(self) -> str:
        """The name of the service that it is about."""
        return str(self.service) if self.service else self.new_service

    def clean(self) -> None:
        """Raises ValidationError by field."""
        if bool(self.service_id) == bool(self.new_service):
            message = "Choose a service that is known, or name a new one."
            raise ValidationError({"service": message})
