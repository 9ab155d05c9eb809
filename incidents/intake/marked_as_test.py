"""Deliveries that only test an integration: they are read as others, and harm nothing real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from incidents.webhooks.base import AlertEvent, AnnouncementEvent, ChangeEvent, Event, Ignored

PREFIX = "Test: "
SEVERITY = "info"
"""The lowest: nobody is paged for a test."""


def as_test(events: Sequence[Event], service: str) -> list[Event]:
    """The same events under names of their own, of the service of this name, or of none.

    An alert neither joins nor ends what a real one opened, and starts now. A change counts as
    none of production.
    """
    return [_as_test(event, service) for event in events]


def _as_test(event: Event, service: str) -> Event:
    if isinstance(event, AlertEvent):
        return replace(
            event,
            fingerprint=f"test {event.fingerprint}",
            name=f"{PREFIX}{event.name}",
            severity=SEVERITY,
            service=service,
            labels={},
            group_key="",
            starts_at=None,
            ends_at=None,
            ends_like="",
        )
    if isinstance(event, ChangeEvent):
        return replace(
            event,
            title=f"{PREFIX}{event.title}",
            service=service or event.service,
            external_id=f"test {event.external_id}" if event.external_id else "",
            environment="test",
            production=False,
            started_at=None,
            finished_at=None,
        )
    if isinstance(event, AnnouncementEvent):
        return Ignored("A test announces nothing.")
    return event
