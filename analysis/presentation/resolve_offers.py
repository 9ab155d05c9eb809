"""What is offered when somebody resolves an incident: the fix, the cause, and its times."""

from __future__ import annotations

from dataclasses import dataclass, field

from analysis.evidence.recovery import KnownTime, earlier_start, probable_end
from analysis.suggestions.engine import suggest_for_incident
from analysis.suggestions.types import SuggestedCause
from common.viewer import Viewer
from incidents.models import Incident
from kb.models import Cause, CauseLink
from kb.permissions import visible_links
from kb.reports.knowledge_gaps import requires_postmortem

MAX_OFFERED = 3


@dataclass(frozen=True)
class OfferedFix:
    """What fixed a past incident of the same cause."""

    incident: Incident
    text: str


@dataclass
class ResolveOffers:
    fix: OfferedFix | None = None
    confirmed: list[Cause] = field(default_factory=list)
    """causes that need no further click"""
    likely: list[SuggestedCause] = field(default_factory=list)
    """offered while no cause is confirmed"""
    start: KnownTime | None = None
    end: KnownTime | None = None
    postmortem_due: bool = False


def resolve_offers(incident: Incident, user: Viewer) -> ResolveOffers:
    """One search of the index, and the stored curves that left their normal range."""
    found = suggest_for_incident(incident, user, limit=MAX_OFFERED)
    links = visible_links(user).filter(incident=incident, state=CauseLink.State.CONFIRMED)
    confirmed = [link.cause for link in links.select_related("cause")]
    suggested = [] if found.nothing_alike else found.causes
    best = [each for each in found.causes if each.cause in confirmed] or suggested[:1]
    return ResolveOffers(
        fix=_last_fix(best),
        confirmed=confirmed,
        likely=[] if confirmed else suggested,
        start=earlier_start(incident),
        end=probable_end(incident),
        postmortem_due=requires_postmortem(incident),
    )


def _last_fix(suggestions: list[SuggestedCause]) -> OfferedFix | None:
    for each in suggestions:
        if each.fixed_in is not None and each.fixed_last_time:
            return OfferedFix(each.fixed_in, each.fixed_last_time)
    return None
