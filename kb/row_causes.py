"""Causes of listed incidents: what people linked, and what history suggests for open ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import OuterRef, Q

from common.counted_rows import count_of, count_up_to
from common.viewer import Viewer
from incidents.models import Incident
from incidents.permissions import visible
from incidents.search.row_causes import RowCause
from kb.answers import Kind, likely_cause
from kb.models import CauseLink, StatedAnswer
from kb.permissions import visible_causes

_CONFIRMED, _ROOT = CauseLink.State.CONFIRMED, CauseLink.Role.ROOT


def linked_causes(
    viewer: Viewer, incidents: Sequence[Incident], count_to: int | None
) -> dict[int, RowCause]:
    """What people linked, confirmed before suspected and roots before others. One query.

    `incidents` are visible to `viewer`, and so are their causes; what these caused in incidents
    that are not is not counted.
    """
    began = OuterRef("incident__impact_started_at")
    by_then = Q(incident__impact_started_at__lt=began) | Q(
        incident__impact_started_at=began, incident__lte=OuterRef("incident")
    )
    # For each of the few links: a join would sort all links of their causes.
    confirmed = CauseLink.objects.filter(by_then, visible(viewer, "incident__"), state=_CONFIRMED)
    counted = (confirmed, "cause", "cause")
    nth = count_of(*counted) if count_to is None else count_up_to(count_to, *counted)
    links = (
        CauseLink.objects.filter(incident__in=incidents)
        .exclude(state=CauseLink.State.REJECTED)
        .select_related("cause")
        .only("incident", "role", "state", "cause__name")
        .annotate(nth=nth)
        .order_by("pk")
    )
    of_incident: defaultdict[int, list[CauseLink]] = defaultdict(list)
    for link in links:
        of_incident[link.incident_id].append(link)
    return {key: _first_of(found, count_to) for key, found in of_incident.items()}


def _first_of(links: list[CauseLink], count_to: int | None) -> RowCause:
    first = min(links, key=lambda each: (each.state != _CONFIRMED, each.role != _ROOT))
    nth = first.nth if first.state == _CONFIRMED else 0  # type: ignore[attr-defined]
    return RowCause(
        name=first.cause.name,
        path=first.cause.get_absolute_url(),
        state=first.state,
        nth=nth,
        at_least=nth == count_to,
        others=len(links) - 1,
    )


def likely_causes(
    viewer: Viewer, incidents: Sequence[Incident], _count_to: int | None
) -> dict[int, RowCause]:
    """What was stated last as likely, for those that are open."""
    keys = [incident.pk for incident in incidents if incident.is_open]
    if not keys:
        return {}
    stated = StatedAnswer.objects.filter(incident__in=keys, key__startswith=f"{Kind.LIKELY} ")
    answers = {row.incident_id: likely_cause(row.key) for row in stated}
    causes = visible_causes(viewer).in_bulk({cause for cause, _ in answers.values()})
    return {
        key: RowCause(causes[pk].name, causes[pk].get_absolute_url(), Kind.LIKELY, confidence)
        for key, (pk, confidence) in answers.items()
        if pk in causes
    }
