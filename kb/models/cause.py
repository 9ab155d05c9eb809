"""Causes, their categories, links to incidents, chains and citations."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.check_constraints import CheckConstraint
from incidents.models import Incident


class Category(models.Model):
    """A kind of cause; administrators edit the list."""

    slug = models.SlugField(primary_key=True, max_length=20)
    name = models.CharField(max_length=60, unique=True)
    position = models.PositiveSmallIntegerField(default=100)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Cause(models.Model):
    """A shared, named root-cause record that many incidents may have."""

    name = models.CharField(max_length=200)
    category = models.ForeignKey(
        Category, models.PROTECT, default="other", db_column="category", related_name="causes"
    )
    what_happens = models.TextField(blank=True)
    how_to_tell = models.TextField(blank=True)
    how_to_fix = models.TextField(blank=True)
    how_to_prevent = models.TextField(blank=True)
    runbook_url = models.URLField(_("runbook"), max_length=500, blank=True)
    private = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Only for who may see a private incident with it; until somebody opens it.",
    )
    superseded_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="supersedes"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    incidents = models.ManyToManyField(Incident, through="CauseLink", related_name="causes")
    search = models.GeneratedField(
        expression=SearchVector("name", weight="A", config="english")
        + SearchVector("what_happens", weight="B", config="english")
        + SearchVector("how_to_tell", weight="B", config="english")
        + SearchVector("how_to_fix", weight="C", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    history = HistoricalRecords(excluded_fields=["search"])

    class Meta:
        ordering = ["name"]
        indexes = [
            GinIndex(fields=["search"], name="cause_search"),
            models.Index(fields=["updated_at", "id"], name="cause_live_tail"),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                # A name that is in use must not say that a private cause exists.
                condition=Q(private=False),
                name="cause_name_once",
                violation_error_message=_("A cause of this name exists already: link that one."),
            ),
            CheckConstraint(condition=~Q(name=""), name="cause_has_name"),
            CheckConstraint(
                condition=Q(superseded_by=None) | ~Q(superseded_by=F("pk")),
                name="cause_not_superseded_by_itself",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("kb:cause", args=[self.pk])

    def sections(self) -> list[tuple[str, str, str]]:
        """Its four texts in reading order, each as field, heading and text."""
        return [
            ("what_happens", gettext("What happens"), self.what_happens),
            ("how_to_tell", gettext("How to recognise"), self.how_to_tell),
            ("how_to_fix", gettext("How to fix"), self.how_to_fix),
            ("how_to_prevent", gettext("How to prevent"), self.how_to_prevent),
        ]


class CauseLink(models.Model):
    """A cause of an incident: its role, how certain it is, who linked it and why."""

    class Role(models.TextChoices):
        ROOT = "root", pgettext_lazy("cause", "Root")
        CONTRIBUTING = "contributing", pgettext_lazy("cause", "Contributing")
        TRIGGER = "trigger", pgettext_lazy("cause", "Trigger")

    class State(models.TextChoices):
        SUSPECTED = "suspected", pgettext_lazy("cause", "Suspected")
        CONFIRMED = "confirmed", pgettext_lazy("cause", "Confirmed")
        REJECTED = "rejected", pgettext_lazy("cause", "Rejected")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="cause_links")
    cause = models.ForeignKey(Cause, models.CASCADE, related_name="links")
    role = models.CharField(max_length=20, choices=Role, default=Role.ROOT)
    state = models.CharField(max_length=20, choices=State, default=State.SUSPECTED)
    reason = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()
    open_citations: list[Citation]
    """Set by `read_open_citations`: those whose pages a reader may open."""

    class Meta:
        ordering = ["incident", "pk"]
        indexes = [
            models.Index(fields=["updated_at", "id"], name="causelink_live_tail"),
            # How often each cause occurred is counted without reading the links.
            models.Index(fields=["cause", "state", "incident"], name="causelink_of_cause"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["incident", "cause"], name="causelink_once"),
            CheckConstraint(
                condition=Q(role__in=["root", "contributing", "trigger"]),
                name="causelink_role_known",
            ),
            CheckConstraint(
                condition=Q(state__in=["suspected", "confirmed", "rejected"]),
                name="causelink_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident.reference} · {self.cause.name} ({self.state})"


class Citation(models.Model):
    """Evidence for a cause link: a page of this site, such as a chart."""

    link = models.ForeignKey(CauseLink, models.CASCADE, related_name="citations")
    title = models.CharField(max_length=300)
    path = models.CharField(max_length=300)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["link", "path"], name="citation_once")]

    def __str__(self) -> str:
        return self.title


class LedTo(models.Model):
    """In one incident, one cause led to another."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="led_to")
    earlier = models.ForeignKey(Cause, models.CASCADE, related_name="led_to")
    later = models.ForeignKey(Cause, models.CASCADE, related_name="came_from")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "earlier", "later"], name="led_to_once"),
            CheckConstraint(condition=~Q(earlier=F("later")), name="led_to_another"),
        ]

    def __str__(self) -> str:
        return f"{self.earlier} → {self.later}"
