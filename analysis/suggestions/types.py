"""What suggestions consist of."""

from __future__ import annotations

from dataclasses import dataclass, field

from analysis.similarity.calibration import Bin
from incidents.models import Incident
from incidents.suspect_changes import CandidateChange
from kb.models import Cause, CauseLink


@dataclass(frozen=True)
class Reason:
    """Something two incidents share, or only one has, and its share of the comparison (0 to 1)."""

    kind: str
    text: str
    weight: float
    written: str = ""
    """where a word was written, if not in title or symptom"""
    name: str = ""
    """what `text` names, without the kind before it"""


@dataclass
class AlikeIncident:
    incident: Incident
    likeness: float
    reasons: list[Reason] = field(default_factory=list)
    duplicate: bool = False
    """Open, and alike enough that it may be the very same incident."""


@dataclass
class SuggestedCause:
    cause: Cause
    score: float
    likeness: float
    incidents: list[AlikeIncident]
    """the most similar past incidents that had this cause"""
    reasons: list[Reason]
    only_now: list[Reason]
    """what this incident shows and the most similar one with this cause did not"""
    only_then: list[Reason]
    fixed_last_time: str
    fixed_in: Incident | None
    confidence: float | None = None
    """calibrated probability that it is right; None while history is too small to know"""
    track: Bin | None = None
    """how often past suggestions of about this confidence were right"""
    change: CandidateChange | None = None
    """a change of the kind that brings this cause, made shortly before"""
    link: CauseLink | None = None
    """the link this incident already has to the cause, if any"""


@dataclass
class Suggestions:
    """Ranked causes and incidents; `history` is how many past records were compared."""

    causes: list[SuggestedCause]
    incidents: list[AlikeIncident]
    history: int
    nothing_alike: bool
    """history holds nothing alike: whatever is listed is merely the nearest"""
    calibrated: bool
    """whether history is large enough to know how sure suggestions are"""
    same_for_everybody: bool = False
    """whether every user would get this answer: no private incident matched"""
    vague: bool = False
    """history holds nothing alike because the words are too few or too common to tell"""
    labelled: int = 0
    """past incidents with a confirmed cause that the confidence was learnt from"""
