"""Dynatrace: problem notifications of a custom integration, by placeholders or as whole JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from common.alert_fields import own_service, tags
from common.alert_names import alert_name
from common.payload_text import line, named_values, paragraphs, prose, required_line
from common.payloads import dig, listed, time_at, web_address
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

FIRING = {"open": True, "merged": True, "resolved": False, "closed": False}
TEST_TITLE = "dynatrace problem notification test run"
DETAILS = ("ProblemDetailsJSONv2", "ProblemDetailsJSON", "ProblemDetails")
ENTITIES = ("ImpactedEntities", "impactedEntities", "affectedEntities")
LABEL_OF_TYPE = {
    "HOST": "host", "PROCESS_GROUP": "component", "PROCESS_GROUP_INSTANCE": "component",
    "APPLICATION": "application", "KUBERNETES_CLUSTER": "cluster",
    "CLOUD_APPLICATION": "deployment", "CLOUD_APPLICATION_NAMESPACE": "namespace",
    "SYNTHETIC_TEST": "monitor", "HTTP_CHECK": "monitor",
}  # fmt: skip


class Dynatrace(Webhook):
    kind = "dynatrace"
    title = "Dynatrace"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        problem = next((dig(data, path) for path in DETAILS if dig(data, path)), data)
        title = required_line(data, "ProblemTitle", "title", "ProblemDetailsJSONv2.title")
        if title.lower() == TEST_TITLE:
            return [Ignored("A test notification.")]
        state = (line(data, "State", "status") or required_line(problem, "status")).lower()
        if state not in FIRING:
            return [Ignored(f"The state “{state}” changes nothing.")]
        firing = FIRING[state]
        entities = [*_entities(data), *_entities(problem)]
        named = _labels(data, problem, entities)
        cause = line(problem, "rootCauseEntity.name")
        return [
            AlertEvent(
                fingerprint=line(data, "PID", "problemId", limit=200)
                or required_line(data, "ProblemID", "displayId", limit=200),
                name=alert_name(title),
                firing=firing,
                starts_at=time_at(problem, "startTime"),
                ends_at=None if firing else time_at(problem, "endTime") or incoming.received_at,
                summary=line(data, "ImpactedEntity") or title,
                description=paragraphs(
                    # Text and Markdown hold the same; one of them is enough.
                    prose(data, "ProblemDetailsText")
                    or prose(data, "ProblemDetailsMarkdown")
                    or prose(data, "ProblemDetails"),
                    f"Root cause: {cause}" if cause else "",
                    named_values(data, problem="ProblemID", impact="ProblemImpact"),
                ),
                severity=line(data, "ProblemSeverity", "severityLevel", limit=50)
                or line(problem, "severityLevel", limit=50),
                service=own_service(named) or _named(entities, "SERVICE")[:100],
                labels=named,
                url=web_address(data, "ProblemURL", "Problem URL"),
            )
        ]


def _entities(data: Any) -> Iterator[tuple[str, str]]:
    """Type and name of what is affected, in the forms of the placeholder and of both APIs."""
    for path in ENTITIES:
        for row in listed(data, path):
            if isinstance(row, Mapping):
                yield line(row, "type", "entityId.type").upper(), line(row, "name", "entityName")


def _named(entities: list[tuple[str, str]], wanted: str) -> str:
    """The one entity of a type; several name none."""
    names = list(dict.fromkeys(name for kind, name in entities if kind == wanted and name))
    return names[0] if len(names) == 1 else ""


def _labels(data: Any, problem: Any, entities: list[tuple[str, str]]) -> dict[str, str]:
    named = tags(data, "Tags") or tags(problem, "entityTags")
    for kind, label in LABEL_OF_TYPE.items():
        if name := _named(entities, kind):
            named.setdefault(label, name[:500])
    affected = ", ".join(dict.fromkeys(name for _, name in entities if name))
    affected = affected or line(data, "NamesOfImpactedEntities", "ImpactedEntityNames")
    if affected:
        named.setdefault("impacted", affected[:500])
    return named
