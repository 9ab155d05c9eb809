"""Entries of incident timelines."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.incident import Incident


class TimelineEntry(models.Model):
    """One entry of an incident's timeline, by a person or by Causebook."""

    class Kind(models.TextChoices):
        NOTE = "note", _("Note")
        FILED = "filed", pgettext_lazy("kind of entry", "Filed")
        STATUS = "status", _("Status")
        SEVERITY = "severity", _("Severity")
        UPDATE = "update", _("Update")
        EDIT = "edit", pgettext_lazy("kind of entry", "Edit")
        PEOPLE = "people", _("People")
        ALERT = "alert", _("Alert")
        MERGE = "merge", pgettext_lazy("kind of entry", "Merge")
        CHANGE = "change", pgettext_lazy("kind of entry", "Change")
        CAUSE = "cause", _("Cause")
        EVIDENCE = "evidence", _("Evidence")
        CHAT = "chat", _("Chat")
        FINDING = "finding", _("Finding")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="timeline")
    at = models.DateTimeField(default=timezone.now)
    pinned = models.BooleanField(default=False)
    hidden = models.BooleanField(default=False, help_text="Stored, but not shown.")
    edited_at = models.DateTimeField(null=True, blank=True)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.NOTE)
    text = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    search = models.GeneratedField(
        expression=SearchVector("text", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        ordering = ["at", "pk"]
        verbose_name_plural = "timeline entries"
        indexes = [
            models.Index(fields=["incident", "at"], name="timeline_of_incident"),
            GinIndex(fields=["search"], name="timeline_search"),
            models.Index(
                fields=["created_at"],
                name="timeline_to_forget",
                condition=models.Q(kind="alert", author=None, pinned=False, edited_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class TimelineVersion(models.Model):
    """What an entry said before it was edited."""

    entry = models.ForeignKey(TimelineEntry, models.CASCADE, related_name="versions")
    text = models.TextField()
    at = models.DateTimeField(help_text="The time that the entry was of.")
    replaced_at = models.DateTimeField(default=timezone.now)
    replaced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-replaced_at", "-pk"]

    def __str__(self) -> str:
        return self.text[:80]
