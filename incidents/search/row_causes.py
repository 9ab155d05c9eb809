"""The cause of each incident of a list, which packages above find for a whole page at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.registry import Registry
from common.viewer import Viewer
from incidents.models import Incident


@dataclass(frozen=True)
class RowCause:
    """What is known, or likely, to have caused one incident."""

    name: str
    path: str
    state: str
    """confirmed, suspected or likely"""
    confidence: str = ""
    """in words, for one that history suggests"""
    nth: int = 0
    """how often the confirmed cause had occurred by then, this time included; 0: not counted"""
    at_least: bool = False
    """whether `nth` is where counting ended"""
    others: int = 0
    """further causes of the incident"""


SHOWN_TIMES = 21
"""Up to which occurrence lists count: of a common cause the database would read thousands."""
CauseFinder = Callable[[Viewer, Sequence[Incident], int | None], dict[int, RowCause]]
ROW_CAUSES: Registry[CauseFinder] = Registry("causes of listed incidents")
"""What finds causes, by the key of the incident. The first one registered that knows one wins.
The number is up to which occurrence it counts; None: all."""


@dataclass(frozen=True)
class IncidentRow:
    """A line of a list: an incident that the viewer may see, and its cause."""

    incident: Incident
    cause: RowCause | None


def rows_of(
    incidents: Sequence[Incident], viewer: Viewer, count_to: int | None = SHOWN_TIMES
) -> list[IncidentRow]:
    """Lines for `incidents`, in their order. The number of queries does not depend on how many."""
    causes: dict[int, RowCause] = {}
    for find in ROW_CAUSES.values():
        unknown = [incident for incident in incidents if incident.pk not in causes]
        if unknown:
            causes |= find(viewer, unknown, count_to)
    return [IncidentRow(incident, causes.get(incident.pk)) for incident in incidents]
