"""Warnings of Kubernetes, from an event exporter that posts events as they are."""

from __future__ import annotations

from typing import Any

from common.alert_fields import joined_id, own_service, tags
from common.payload_text import line, named_values, paragraphs, prose, required_line
from common.payloads import time_at
from common.pods import workload_of
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook


class KubernetesWarnings(Webhook):
    """Rollouts are normal events, and changes: the sender “Kubernetes rollouts” reads them."""

    kind = "kubernetes_events"
    title = "Kubernetes warnings"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        level = required_line(data, "type").lower()
        reason = required_line(data, "reason", limit=100)
        if level != "warning":
            return [Ignored(f"“{reason}” is a {level} event, and no warning.")]
        kind = line(data, "involvedObject.kind", "regarding.kind", limit=60)
        name = line(data, "involvedObject.name", "regarding.name", limit=200)
        named = _labels(data, kind, name)
        about = workload_of(name) if kind == "Pod" else name
        message = line(data, "message", "note")
        # The count grows while the first time stays: repetitions are one episode.
        first = time_at(data, "firstTimestamp") or time_at(data, "deprecatedFirstTimestamp")
        return [
            AlertEvent(
                fingerprint=joined_id(
                    named.get("cluster", ""), named.get("namespace", ""), kind, name, reason
                ),
                name=f"{reason} of {about}"[:200] if about else reason,
                firing=True,
                starts_at=first or time_at(data, "eventTime") or incoming.received_at,
                summary=message or reason,
                description=paragraphs(
                    prose(data, "message", "note"),
                    named_values(
                        data,
                        count="count",
                        reported_by="source.component",
                        last_seen="lastTimestamp",
                    ),
                ),
                severity="warning",
                service=own_service(named),
                labels=named,
                group_key=joined_id(named.get("namespace", ""), about, reason) if about else "",
            )
        ]


def _labels(data: Any, kind: str, name: str) -> dict[str, str]:
    """The object's labels, and the object itself under the name that telemetry uses."""
    own = {
        # Exporters may write dots as underscores, for stores that cannot hold dots.
        key.rpartition("/")[2].replace("app_kubernetes_io_", ""): value
        for key, value in tags(data, "involvedObject.labels").items()
    }
    found = {
        kind.lower(): name,
        "namespace": line(data, "involvedObject.namespace", "metadata.namespace"),
        "cluster": line(data, "clusterName"),
        "node": line(data, "source.host"),
        "app": own.get("app") or own.get("name", ""),
        "service": own.get("service", ""),
        "reason": line(data, "reason"),
    }
    if kind == "Service":
        found["service"] = name
    return {key: value[:500] for key, value in found.items() if key and value}
