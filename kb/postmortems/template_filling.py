"""The text of a new postmortem: a template filled with what is recorded about its incidents.

Other packages add sections: `SECTIONS.register("evidence", function of an incident)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from common.markdown import escape_markdown, with_breaks
from common.registry import Registry
from common.viewer import Nobody
from incidents.models import Incident, TimelineEntry
from incidents.suspect_changes import candidate_changes
from incidents.timeline import PLAIN, full_timeline
from kb.models import CauseLink, PostmortemTemplate
from kb.permissions import read_open_citations

Section = Callable[[Incident], str]
"""What is known of an incident, as Markdown; empty when nothing is."""
NOTHING = "Nothing is on record."


def template_for(incidents: Sequence[Incident]) -> PostmortemTemplate | None:
    """The first template for the worst severity, else the first for any."""
    worst = Incident.Severity.worst(row.severity for row in incidents) or Incident.Severity.SEV4
    templates = list(PostmortemTemplate.objects.all())
    matching = [row for row in templates if worst in row.severities]
    general = [row for row in templates if not row.severities]
    return next(iter(matching or general or templates), None)


def fill_template(template: str, incidents: Sequence[Incident]) -> str:
    """The template with each {section} replaced; words in braces that are no section stay."""
    for word, section in SECTIONS.items():
        marker = "{" + word + "}"
        if marker in template:
            template = template.replace(marker, _section_text(section, incidents))
    return template


def _section_text(section: Section, incidents: Sequence[Incident]) -> str:
    parts = []
    for incident in incidents:
        text = section(incident).strip()
        if text and len(incidents) > 1:
            text = f"**{incident.reference} {escape_markdown(incident.title)}**\n\n{text}"
        parts.append(text)
    return "\n\n".join(part for part in parts if part) or NOTHING


def _time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else "not recorded"


def _summary(incident: Incident) -> str:
    symptom = f"\n\n{with_breaks(incident.symptom)}" if incident.symptom else ""
    return f"{incident.reference}: {escape_markdown(incident.title)}.{symptom}"


def _impact(incident: Incident) -> str:
    services = ", ".join(str(service) for service in incident.services.all()) or "not recorded"
    minutes = f"{incident.duration().total_seconds() / 60:,.0f} minutes"
    known = incident.has_measured_duration or incident.is_open
    return "\n".join(
        [
            f"- Severity: {incident.get_severity_display()}",
            f"- Services: {services}",
            f"- Impact started: {_time(incident.impact_started_at)}",
            f"- Detected: {_time(incident.detected_at)}",
            f"- Mitigated: {_time(incident.mitigated_at)}",
            f"- Resolved: {_time(incident.resolved_at)}",
            f"- It lasted {minutes}." if known else "- How long it lasted is not recorded.",
        ]
    )


def _causes(incident: Incident) -> str:
    rows = incident.cause_links.exclude(state=CauseLink.State.REJECTED).select_related("cause")
    links, lines = list(rows.prefetch_related("citations")), []
    # What is written into the text stays there: of a public incident, only what all may open.
    if not incident.private:
        read_open_citations(links, Nobody())
    for link in links:
        shown = link.citations.all() if incident.private else link.open_citations
        cited = "".join(f" [{escape_markdown(row.title)}]({row.path})" for row in shown)
        why = f": {link.reason}" if link.reason else ""
        name = escape_markdown(link.cause.name)
        lines.append(f"- {link.get_role_display()} ({link.state}): **{name}**{why}{cited}")
    chain = [
        f"- “{escape_markdown(edge.earlier.name)}” led to “{escape_markdown(edge.later.name)}”."
        for edge in incident.led_to.select_related("earlier", "later")
    ]
    return "\n".join([*lines, *chain])


def _changes(incident: Incident) -> str:
    lines = []
    for candidate in candidate_changes(incident, limit=5):
        change = candidate.change
        by = f" by {change.author}" if change.author else ""
        text = escape_markdown(f"{change.service}, {change}{by}")
        lines.append(f"- {_time(change.started_at)}: {text}")
    return "\n".join(lines)


def _timeline(incident: Incident) -> str:
    lines = []
    for entry in full_timeline(incident):
        if entry.kind == TimelineEntry.Kind.EDIT:
            continue
        text = " ".join(entry.text.split())[:300]
        text = escape_markdown(text) if entry.kind in PLAIN else text
        by = f" ({entry.author})" if entry.author else ""
        lines.append(f"- {_time(entry.at)}: {text}{by}")
    return "\n".join(lines)


SECTIONS: Registry[Section] = Registry(
    "sections of postmortem templates",
    {
        "summary": _summary,
        "impact": _impact,
        "causes": _causes,
        "changes": _changes,
        "resolution": lambda incident: with_breaks(incident.resolution),
        "timeline": _timeline,
    },
)
