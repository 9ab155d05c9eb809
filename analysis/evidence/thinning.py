"""Reduces evidence of incidents that were resolved long ago to what findings show of it.

Findings, fingerprints and results of checks stay as they are, and the likely origins are stored, so
that suggestions and pages say the same as before. Cited evidence stays in full.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import models, transaction
from django.db.models import Exists, OuterRef

from analysis.evidence.example_traces import examples_of
from analysis.evidence.origins import likely_origins, stored
from analysis.models import Evidence, EvidenceRequest, Finding, ThinnedIncident
from common.leased_jobs import PENDING
from common.retention import NORMAL, Limits
from incidents.models import Incident, Service
from incidents.retention import ended_before
from kb.models import Cause, CauseLink, Citation, Comment, Draft, Postmortem

SAMPLES, SAMPLES_WITHOUT_FINDING = 24, 4
"""Of one series: the lowest and highest of as many stretches of time as that."""
SERIES = 5
LINES = 10
"""Lines of one finding."""
CITED = "cited"
_PAGES = "/analysis/evidence/"
_PATH = re.compile(r"/analysis/evidence/(\d{1,18})\b")
_MENTIONED_IN: list[tuple[type[models.Model], tuple[str, ...]]] = [
    (Postmortem, ("body",)),
    (Postmortem.history.model, ("body",)),
    (Draft, ("body",)),
    (Comment, ("text",)),
    (Cause, ("what_happens", "how_to_tell", "how_to_fix", "how_to_prevent")),
    (CauseLink, ("reason",)),
]
Item = dict[str, Any]


def thin_incidents(limits: Limits, most: int) -> int:
    """Reduce the evidence of at most so many incidents that are old; how many it was."""
    full = Evidence.objects.filter(incident=OuterRef("pk"), thinned_at=None, retained_because="")
    pending = EvidenceRequest.objects.filter(incident=OuterRef("pk"), state__in=PENDING)
    old = ended_before(limits).filter(Exists(full), ~Exists(pending)).order_by()
    keys = list(old.values_list("pk", flat=True)[:most])
    cited = cited_evidence() if keys else set()
    for key in keys:
        _thin(key, limits, cited)
    return len(keys)


@transaction.atomic
def _thin(key: int, limits: Limits, cited: set[int]) -> None:
    rows = Incident.objects.select_for_update(of=("self",), no_key=True)
    incident = rows.filter(pk=key, status=Incident.Status.RESOLVED).first()
    # Whoever pulls again locks these first; a worker that pulls has them pending.
    requests = list(EvidenceRequest.objects.select_for_update().filter(incident=key).order_by("pk"))
    if incident is None or any(request.state in PENDING for request in requests):
        return
    rule = _rule(incident, limits)
    origins = likely_origins(incident)
    ThinnedIncident.objects.get_or_create(
        incident=incident, defaults={"at": limits.now, "rule": rule, "origins": stored(origins)}
    )
    cited = cited | _noted_evidence(incident)
    full = incident.evidence.filter(thinned_at=None, retained_because="")
    for evidence in full.select_related("incident").prefetch_related("findings"):
        if evidence.pk in cited:
            Evidence.objects.filter(pk=evidence.pk).update(retained_because=CITED)
        else:
            _reduce(evidence, limits, rule)


def _rule(incident: Incident, limits: Limits) -> str:
    tiers = set(incident.services.values_list("tier", flat=True))
    tier = next((each for each in Service.Tier.values if each in tiers), NORMAL)
    return f"EVIDENCE_RETENTION_DAYS ({tier} services: {limits.days.get(tier, 0)} days)"


def _reduce(evidence: Evidence, limits: Limits, rule: str) -> None:
    items = evidence.items()
    findings = list(evidence.findings.all())
    reduce = {Evidence.Kind.SERIES: _series, Evidence.Kind.LINES: _lines}.get(
        Evidence.Kind(evidence.kind), _traces
    )
    fewer = reduce(evidence, items, findings)
    evidence.full_digest = evidence.digest
    evidence.freeze(fewer)
    evidence.thinned_at = limits.now
    noun = {"series": "samples", "lines": "lines", "traces": "traces"}[evidence.kind]
    evidence.gaps = [
        *evidence.gaps,
        f"Thinned on {limits.now:%Y-%m-%d} by {rule}: of {_count(items):,} {noun}, "
        f"{_count(fewer):,} are stored. Findings are as they were.",
    ]
    evidence.save(update_fields=["content", "digest", "full_digest", "thinned_at", "gaps"])


def _count(items: Sequence[Item]) -> int:
    return sum(len(item["times"]) if "times" in item else 1 for item in items)


def _series(evidence: Evidence, items: Sequence[Item], findings: Sequence[Finding]) -> list[Item]:
    """The series that differ most, each as the lowest and highest of stretches of time."""
    most = SAMPLES if findings else SAMPLES_WITHOUT_FINDING

    def size(item: Item) -> float:
        extremes = [finding.data.get("extreme") for finding in findings]
        if any(extreme in item["values"] for extreme in extremes):
            return float("inf")
        return float(np.ptp(item["values"])) if item["values"] else 0.0

    shown = sorted(items, key=size, reverse=True)[:SERIES]
    return [_few_samples(item, most) for item in items if any(item is each for each in shown)]


def _few_samples(item: Item, most: int) -> Item:
    values = np.asarray(item["values"], float)
    if len(values) <= most:
        chosen = list(range(len(values)))
    else:
        stretches = np.array_split(np.arange(len(values)), most // 2)
        ends = {0, len(values) - 1}
        both = {
            int(stretch[pick(values[stretch])])
            for stretch in stretches
            for pick in (np.argmin, np.argmax)
        }
        chosen = sorted(both | ends)
    return {
        "labels": item["labels"],
        "times": [item["times"][at] for at in chosen],
        "values": [item["values"][at] for at in chosen],
    }


def _lines(evidence: Evidence, items: Sequence[Item], findings: Sequence[Finding]) -> list[Item]:
    """Lines that findings give as examples."""
    left = {str(each.data["example"]): LINES for each in findings if "example" in each.data}
    chosen = []
    for item in items:
        if left.get(item["text"], 0) > 0:
            left[item["text"]] -= 1
            chosen.append(item)
    return chosen


def _traces(evidence: Evidence, items: Sequence[Item], findings: Sequence[Finding]) -> list[Item]:
    """The traces that the page shows as examples."""
    chosen = {trace for _, trace in examples_of(evidence, items)} if findings else set()
    return [item for item in items if item["id"] in chosen]


def cited_evidence() -> set[int]:
    """Keys of evidence that a cause, a postmortem, one being written, or a comment refers to."""
    texts: list[models.QuerySet[Any, Any]] = [Citation.objects.values_list("path", flat=True)]
    for table, fields in _MENTIONED_IN:
        for name in fields:
            mentions = table._base_manager.filter(**{f"{name}__contains": _PAGES})
            texts.append(mentions.values_list(name, flat=True))
    return {int(key) for rows in texts for text in rows.iterator() for key in _PATH.findall(text)}


def _noted_evidence(incident: Incident) -> set[int]:
    notes = incident.timeline.filter(text__contains=_PAGES).values_list("text", flat=True)
    return {int(key) for text in notes for key in _PATH.findall(text)}
