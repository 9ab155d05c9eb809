"""Kubernetes rollouts and restarts, from an event exporter that posts events as they are."""

from __future__ import annotations

from common.payloads import required_text, text, time_at
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook

MEANT = {
    "ScalingReplicaSet": "scaling",
    "SuccessfulRescale": "scaling",
    "DeploymentRollback": "deploy",
    "DeploymentRolledBack": "deploy",
    "ProgressDeadlineExceeded": "deploy",
}


class KubernetesEvents(Webhook):
    """A rollout shows as its new replica set being scaled up."""

    kind = "kubernetes"
    title = "Kubernetes rollouts"
    brings = "changes"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        reason, message = required_text(data, "reason"), text(data, "message")
        if reason not in MEANT:
            return [Ignored(f"“{reason}” is no change.")]
        name = required_text(data, "involvedObject.name", 100)
        if reason == "ScalingReplicaSet" and message.startswith("Scaled down"):
            return [Ignored("The old replica set of a rollout; the new one is the change.")]
        at = time_at(data, "lastTimestamp") or time_at(data, "eventTime") or incoming.received_at
        rolled_back = reason in ("DeploymentRollback", "DeploymentRolledBack")
        failed = reason == "ProgressDeadlineExceeded"
        rollout = reason == "ScalingReplicaSet" and " from 0 to " in f" {message} "
        return [
            ChangeEvent(
                title=f"{name}: {message or reason}"[:300],
                service=name,
                kind="deploy" if rollout else MEANT[reason],
                outcome="rolled_back" if rolled_back else "failed" if failed else "succeeded",
                started_at=at,
                external_id=text(data, "metadata.uid", 200),
            )
        ]
