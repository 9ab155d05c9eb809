"""Argo CD notifications, with the template that our guide gives."""

from __future__ import annotations

from common.payloads import required_text, text, time_at, web_address
from incidents.webhooks.base import ChangeEvent, Event, Incoming, Webhook

PHASES = {"Succeeded": "succeeded", "Running": "running"}


class ArgoCD(Webhook):
    kind = "argocd"
    title = "Argo CD"
    brings = "changes"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        app, revision = required_text(data, "app", 100), text(data, "revision", 60)
        phase, started = required_text(data, "phase"), text(data, "startedAt", 40)
        return [
            ChangeEvent(
                title=f"{app} synced to {revision[:12] or 'a new state'}",
                service=app,
                job=app,
                version=revision[:12],
                author=text(data, "author", 200),
                outcome=PHASES.get(phase, "failed"),
                started_at=time_at(data, "startedAt"),
                finished_at=time_at(data, "finishedAt"),
                external_id=f"{app} {revision} {started}"[:200],
                url=web_address(data, "url"),
            )
        ]
