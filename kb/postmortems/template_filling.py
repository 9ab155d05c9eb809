"""What a new postmortem knows already: everything that is on record about its incidents.

Other packages add what they know: `SECTIONS["evidence"].append(function of an incident)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from incidents.models import Incident, TimelineEntry
from incidents.suspect_changes import candidate_changes
from incidents.timeline import told_timeline
from kb.models import CauseLink, PostmortemTemplate

Teller = Callable[[Incident], str]
NOTHING = "Nothing is on record."


def template_for(incidents: Sequence[Incident]) -> PostmortemTemplate | None:
    """The first template for the worst severity, else the first for any."""
    worst = Incident.Severity.worst(row.severity for row in incidents) or Incident.Severity.SEV4
    templates = list(PostmortemTemplate.objects.all())
    fitting = [row for row in templates if worst in row.severities]
    general = [row for row in templates if not row.severities]
    return next(iter(fitting or general or templates), None)


def filled(template: str, incidents: Sequence[Incident]) -> str:
    """The template with each {word} in braces replaced by what is known; unknown words stay."""
    for word, tellers in SECTIONS.items():
        marker = "{" + word + "}"
        if marker in template:
            template = template.replace(marker, _told(tellers, incidents))
    return template


def _told(tellers: Sequence[Teller], incidents: Sequence[Incident]) -> str:
    parts = []
    for incident in incidents:
        text = "\n\n".join(told for teller in tellers if (told := teller(incident).strip()))
        if text and len(incidents) > 1:
            text = f"**{incident.reference} {incident.title}**\n\n{text}"
        parts.append(text)
    return "\n\n".join(part for part in parts if part) or NOTHING


def _clock(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else "not recorded"


def _summary(incident: Incident) -> str:
    symptom = f"\n\n{incident.symptom}" if incident.symptom else ""
    return f"{incident.reference}: {incident.title}.{symptom}"


def _impact(incident: Incident) -> str:
    services = ", ".join(str(service) for service in incident.services.all()) or "not recorded"
    minutes = f"{incident.duration().total_seconds() / 60:,.0f} minutes"
    return "\n".join(
        [
            f"- Severity: {incident.get_severity_display()}",
            f"- Services: {services}",
            f"- Impact started: {_clock(incident.impact_started_at)}",
            f"- Detected: {_clock(incident.detected_at)}",
            f"- Mitigated: {_clock(incident.mitigated_at)}",
            f"- Resolved: {_clock(incident.resolved_at)}",
            f"- It lasted {minutes}.",
        ]
    )


def _causes(incident: Incident) -> str:
    links = incident.cause_links.exclude(state=CauseLink.State.REJECTED).select_related("cause")
    lines = []
    for link in links.prefetch_related("citations"):
        cited = "".join(f" [{row.title}]({row.path})" for row in link.citations.all())
        why = f": {link.reason}" if link.reason else ""
        lines.append(f"- {link.get_role_display()} ({link.state}): **{link.cause}**{why}{cited}")
    chain = [
        f"- “{edge.earlier}” led to “{edge.later}”."
        for edge in incident.led_to.select_related("earlier", "later")
    ]
    return "\n".join([*lines, *chain])


def _changes(incident: Incident) -> str:
    lines = []
    for candidate in candidate_changes(incident, limit=5):
        change = candidate.change
        by = f" by {change.author}" if change.author else ""
        lines.append(f"- {_clock(change.started_at)}: {change.service}, {change}{by}")
    return "\n".join(lines)


def _timeline(incident: Incident) -> str:
    lines = []
    for entry in told_timeline(incident):
        if entry.kind == TimelineEntry.Kind.EDIT:
            continue
        text = " ".join(entry.text.split())
        by = f" ({entry.author})" if entry.author else ""
        lines.append(f"- {_clock(entry.at)}: {text[:300]}{by}")
    return "\n".join(lines)


SECTIONS: dict[str, list[Teller]] = {
    "summary": [_summary],
    "impact": [_impact],
    "causes": [_causes],
    "changes": [_changes],
    "evidence": [],
    "resolution": [lambda incident: incident.resolution],
    "timeline": [_timeline],
}
