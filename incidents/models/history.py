"""Earlier versions of records."""

from __future__ import annotations

from typing import Any

from django.db import models


def history_of(record: Any) -> models.QuerySet[Any]:
    """Who changed `record`, newest first: one row per saved version."""
    return record.history.select_related("history_user").order_by("-history_date", "-history_id")
