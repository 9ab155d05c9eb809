"""Filters of the list of incidents that a person saved under a name."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.check_constraints import CheckConstraint


class SavedFilter(models.Model):
    """One person's filter: the query string of the list, under a name."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="saved_filters",
        db_index=False,  # The constraint below has an index that begins with it.
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)
    columns = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        help_text="With commas; empty: those of the person.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_filter_name_once"),
            CheckConstraint(condition=~Q(name=""), name="saved_filter_has_name"),
        ]

    def __str__(self) -> str:
        return self.name
