"""Google Cloud Monitoring: webhook channels, schema 1.2, and Pub/Sub push of the same."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from common.alert_fields import own_service, tags, web_links
from common.alert_names import alert_name
from common.payload_text import line, named_values, paragraphs, required_line
from common.payloads import BadPayload, dig, json_of, listed, text, time_at, web_address
from common.signing import Token
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

LABELS = {
    "container_name": "container", "pod_name": "pod", "namespace_name": "namespace",
    "cluster_name": "cluster", "node_name": "node", "instance_name": "host", "module_id": "app",
    "function_name": "app", "job_name": "job", "configuration_name": "app",
    "top_level_controller_name": "deployment", "database_id": "db", "topic_id": "topicname",
    "queue_id": "queuename", "bucket_name": "bucketname", "url_map_name": "loadbalancername",
}  # fmt: skip
"""Our names of the labels of Google's monitored resources."""


class GoogleCloud(Webhook):
    """Channels can send a basic password; Pub/Sub cannot, and has the secret in the URL."""

    kind = "google_cloud"
    title = "Google Cloud Monitoring"
    scheme = Token(in_url=True)

    def read(self, incoming: Incoming) -> list[Event]:
        data = _unwrapped(incoming.json())
        if line(data, "version").lower() == "test":
            return [Ignored("A test of the notification channel.")]
        incident = dig(data, "incident")
        state = required_line(data, "incident.state").lower()
        if state not in ("open", "closed"):
            return [Ignored(f"The state “{state}” changes nothing.")]
        firing = state == "open"
        named = _labels(incident)
        policy, condition = line(incident, "policy_name"), line(incident, "condition_name")
        if policy.startswith("projects/"):
            policy = ""
        documentation = dig(incident, "documentation")
        return [
            AlertEvent(
                fingerprint=required_line(data, "incident.incident_id", limit=200),
                name=alert_name(policy or condition or "Google Cloud incident"),
                firing=firing,
                starts_at=time_at(incident, "started_at"),
                ends_at=None if firing else time_at(incident, "ended_at") or incoming.received_at,
                summary=line(incident, "summary") or condition,
                description=paragraphs(
                    text(documentation, "content", 10_000) or text(documentation, limit=10_000),
                    named_values(
                        incident,
                        condition="condition_name",
                        observed_value="observed_value",
                        threshold="threshold_value",
                        resource="resource_display_name resource_name",
                    ),
                ),
                links=web_links(
                    *(
                        (line(row, "displayName") or "Documentation", web_address(row, "url"))
                        for row in listed(documentation, "links")
                    )
                ),
                severity=line(incident, "severity", "policy_user_labels.severity", limit=50),
                service=own_service(tags(incident, "policy_user_labels")),
                labels=named,
                url=web_address(incident, "url"),
            )
        ]


def _unwrapped(data: Any) -> Any:
    """The notification itself, also where Pub/Sub has put it into a message."""
    packed = text(data, "message.data", 1_000_000)
    if not packed:
        return data
    try:
        return json_of(base64.b64decode(packed, validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadPayload(
            "“message.data” is not base64. Push the message as Pub/Sub wraps it."
        ) from error


def _labels(incident: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in (
        "policy_user_labels", "resource.labels", "metadata.user_labels", "metric.labels",
    ):  # fmt: skip
        for key, value in tags(incident, path).items():
            found.setdefault(LABELS.get(key, key), value)
    if "db" in found:
        # Cloud SQL writes project:instance.
        found["db"] = found["db"].rpartition(":")[2] or found["db"]
    for name, path in (("resource_type", "resource.type"), ("metric", "metric.type")):
        if value := line(incident, path):
            found.setdefault(name, value)
    return found
