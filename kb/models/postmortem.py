"""Postmortems with their drafts, reviews, comments and pictures."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Left
from django.urls import reverse
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from common.check_constraints import CheckConstraint
from incidents.models import Incident

MAX_CHARACTERS = 4_000_000
SEARCHED_CHARACTERS = 200_000
"""Only the beginning is indexed: PostgreSQL's search vectors hold at most a megabyte."""


def optional_user(related_name: str = "+") -> Any:
    """A foreign key to a user that becomes empty when the account is deleted."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name=related_name
    )


def _words(text: str) -> str:
    """Words without markup: a passage is selected in rendered text, the body is Markdown."""
    return " ".join(re.findall(r"\w+", text))


class PostmortemTemplate(models.Model):
    """The text of a new postmortem; template_filling.py replaces the words in braces."""

    name = models.CharField(max_length=100, unique=True)
    severities = ArrayField(
        models.CharField(max_length=4, choices=Incident.Severity),
        blank=True,
        default=list,
        help_text="Offered first for these; none means for all others.",
    )
    body = models.TextField(max_length=100_000)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Postmortem(models.Model):
    """The written account of one or more incidents, in Markdown."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("postmortem", "Draft")
        IN_REVIEW = "in_review", pgettext_lazy("postmortem", "In review")
        PUBLISHED = "published", pgettext_lazy("postmortem", "Published")

    title = models.CharField(max_length=300)
    body = models.TextField()
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    incidents = models.ManyToManyField(Incident, related_name="postmortems")
    private = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Only for who may see its private incidents; until somebody opens it.",
    )
    author = optional_user()
    version = models.PositiveIntegerField(default=1, help_text="Counts the saved versions.")
    published_at = models.DateTimeField(null=True, blank=True)
    external_source = models.CharField(max_length=50, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    search = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="english")
        + SearchVector(Left("body", SEARCHED_CHARACTERS), weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    history = HistoricalRecords(excluded_fields=["search"])

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [GinIndex(fields=["search"], name="postmortem_search")]
        constraints = [
            CheckConstraint(
                condition=~Q(state="published") | ~Q(published_at=None),
                name="postmortem_published_has_time",
            ),
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                condition=~Q(external_id=""),
                name="postmortem_external_id_once",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("kb:postmortem", args=[self.pk])


class Draft(models.Model):
    """Unsaved text, stored while somebody types: one per postmortem and user."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    base_version = models.PositiveIntegerField(help_text="The version that was open.")
    title = models.CharField(max_length=300, blank=True)
    body = models.TextField(blank=True)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["postmortem", "user"], name="draft_one_a_person"),
        ]

    def __str__(self) -> str:
        return f"Draft of {self.postmortem} by {self.user}"


class PostmortemReview(models.Model):
    """A reviewer of a postmortem and their verdict."""

    class State(models.TextChoices):
        REQUESTED = "asked", pgettext_lazy("review", "Requested")
        APPROVED = "approved", pgettext_lazy("review", "Approved")
        CHANGES = "changes", pgettext_lazy("review", "Changes requested")

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="postmortem_reviews"
    )
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    asked_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "kb_review"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["postmortem", "reviewer"], name="review_once"),
            CheckConstraint(
                condition=Q(state__in=["asked", "approved", "changes"]), name="review_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.get_state_display()}"


class Comment(models.Model):
    """A remark on a passage of a postmortem, or on all of it."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="comments")
    passage = models.CharField(max_length=1000, blank=True, help_text="The words it is about.")
    text = models.TextField(max_length=20_000)
    author = optional_user()
    created_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = optional_user()

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def passage_exists(self) -> bool:
        """Whether the text still contains the passage that was commented on."""
        return _words(self.passage) in _words(self.postmortem.body)


class Picture(models.Model):
    """An image pasted into a postmortem; whoever may read that may see it."""

    postmortem = models.ForeignKey(Postmortem, models.CASCADE, related_name="pictures")
    content_type = models.CharField(max_length=30)
    body = models.BinaryField()
    author = optional_user()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Picture {self.pk} of {self.postmortem}"

    def get_absolute_url(self) -> str:
        return reverse("kb:picture", args=[self.pk])
