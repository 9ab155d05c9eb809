"""Flux notification controller, provider type `generic-hmac`."""

from __future__ import annotations

from common.payloads import required_text, text, time_at
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook

DEPLOYED_KINDS = {"Kustomization", "HelmRelease"}


class Flux(Webhook):
    kind = "flux"
    title = "Flux"
    brings = "changes"
    scheme = Hmac("x-signature", prefix="sha256=")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        kind, name = (
            required_text(data, "involvedObject.kind"),
            required_text(data, "involvedObject.name", 100),
        )
        if kind not in DEPLOYED_KINDS:
            return [Ignored(f"Events of a {kind} change no service.")]
        revision = text(data, "metadata.revision", 150)
        failed = required_text(data, "severity") == "error"
        at = time_at(data, "timestamp") or incoming.received_at
        return [
            ChangeEvent(
                title=f"{name}: {text(data, 'message', 200) or text(data, 'reason')}"[:300],
                service=name,
                job=name,
                version=revision.rpartition(":")[2][:12] or revision,
                outcome="failed" if failed else "succeeded",
                started_at=at,
                external_id=f"{kind} {name} {revision} {text(data, 'reason', 60)}"[:200]
                if revision
                else "",
            )
        ]
