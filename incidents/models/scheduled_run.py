from __future__ import annotations

from django.db import models


class ScheduledRun(models.Model):
    """When a periodic task was last sent to the workers, or a process last gave a sign of life."""

    name = models.CharField(max_length=100, primary_key=True)
    last_at = models.DateTimeField(help_text="By the clock of the database.")

    def __str__(self) -> str:
        return self.name
