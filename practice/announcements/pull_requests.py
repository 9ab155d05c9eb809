"""Announcements from pull and merge requests with a label: each once, with a link back."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from common.errors import error_text
from incidents.models import Integration, Service
from incidents.webhooks.base import AnnouncementEvent
from practice.announcements.written import SPRINT, date_in, rate_in, without_figures
from practice.models import Announcement

MOST_FLOWS = 5000


@transaction.atomic
def announce_pull_request(
    integration: Integration, event: AnnouncementEvent, service: Service | None
) -> str:
    """Write an announcement unless this request has one; what became of it, in words.

    Nobody here is its author: who may label requests there vouches for it. Raises ValueError.
    """
    known = Announcement.objects.filter(external_id=event.external_id).first()
    if known is not None:
        return f"It was announced already: {known}"[:300]
    words = f"{event.title}\n{event.text}"
    row = Announcement(
        title=(without_figures(event.title) or event.title)[:200],
        service=service,
        new_service="" if service else event.candidates[0],
        owner=service.owner if service else None,
        tier=service.tier if service else Service.Tier.NORMAL,
        planned_on=_planned_on(words) or event.planned_on or timezone.now().date() + SPRINT,
        expected_rate=rate_in(words),
        flows=event.text[:MOST_FLOWS],
        external_id=event.external_id,
        external_url=event.url,
    )
    try:
        row.full_clean()
    except ValidationError as error:
        raise ValueError(f"It cannot be announced: {error_text(error)}") from error
    row.save()
    return f"Announced: {row}"[:300]


def _planned_on(words: str) -> date | None:
    try:
        return date_in(words)
    except ValueError:
        return None
