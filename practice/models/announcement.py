"""What is coming: work that a team announces before it reaches production."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from incidents.models import Service
from incidents.models.service import SERVICE_NAME
from people.models import Team


class Announcement(models.Model):
    """A new microservice, or new calls and flows of a known one, and the load they will bring."""

    class State(models.TextChoices):
        OPEN = "open", _("To be decided")
        ACCEPTED = "accepted", _("Accepted")
        POSTPONED = "postponed", _("Postponed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    title = models.CharField(max_length=200, help_text=_("What is coming, in a few words."))
    owner = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="announcements",
        verbose_name=_("team"), help_text=_("That builds it."),
    )  # fmt: skip
    service = models.ForeignKey(
        Service, models.SET_NULL, null=True, blank=True, related_name="announcements",
        help_text=_("That changes; empty for a new one."),
    )  # fmt: skip
    new_service = models.CharField(
        _("new service"), max_length=100, blank=True, validators=[SERVICE_NAME],
        help_text=_("The name of a new microservice."),
    )  # fmt: skip
    tier = models.CharField(max_length=20, choices=Service.Tier, default=Service.Tier.NORMAL)
    planned_on = models.DateField(_("in production on"))
    flows = models.TextField(
        _("flows and API calls"), blank=True, max_length=5000,
        help_text=_("What users will do, and which calls that makes."),
    )  # fmt: skip
    expected_rate = models.FloatField(
        _("expected load"), null=True, blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1e9)],
        help_text=_("Requests a second at the peak that it adds."),
    )  # fmt: skip
    depends_on = models.ManyToManyField(
        Service, blank=True, related_name="announced_by", help_text=_("What it will call.")
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
            message = _("Choose a service that is known, or name a new one.")
            raise ValidationError({"service": message})
