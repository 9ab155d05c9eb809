"""Groups of alike incidents without a cause."""

from __future__ import annotations

from django.db import models


class AlikeGroup(models.Model):
    """Alike incidents without a cause, from the last grouping."""

    terms = models.JSONField(default=list)
    incidents = models.JSONField(default=list, help_text="Their keys, newest first.")
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return " ".join(self.terms)
