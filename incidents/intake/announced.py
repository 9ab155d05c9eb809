"""Work that a code host says is coming, for the package above that holds announcements."""

from __future__ import annotations

from collections.abc import Callable

from common.registry import Registry
from incidents.intake.changes import service_of_repository
from incidents.models import Integration, Service
from incidents.webhooks.base import AnnouncementEvent

Announcer = Callable[[Integration, AnnouncementEvent, Service | None], str]
ANNOUNCERS: Registry[Announcer] = Registry("takers of announcements from code hosts")
"""What writes one, with the service that it is about if that is known, and says what became of it.

Raises ValueError with the reason where it cannot be written; what came before is no error.
"""


def take_announcement(integration: Integration, event: AnnouncementEvent) -> tuple[bool, str]:
    """Whether it could be written, and the outcome in words."""
    write = next(iter(ANNOUNCERS.values()), None)
    if write is None:
        return False, "Nothing here holds announcements."
    service = service_of_repository(integration, event.repository, event.candidates)
    try:
        return True, write(integration, event, service)
    except ValueError as error:
        return False, str(error)
