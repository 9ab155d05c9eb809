"""Argo CD notifications, with the template that our guide gives or with the whole application."""

from __future__ import annotations

from typing import Any

from common.environments import environment_in, environment_of_namespace
from common.payloads import dig, time_at, web_address
from common.placeholders import first_text, required_text, text
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

PHASES = {"succeeded": "succeeded", "running": "running", "failed": "failed", "error": "failed"}


class ArgoCD(Webhook):
    kind = "argocd"
    title = "Argo CD"
    brings = "changes"

    def read(self, incoming: Incoming) -> list[Event]:
        data = _flat(incoming.json())
        app, revision = required_text(data, "app", 100), text(data, "revision", 60)
        phase, started = required_text(data, "phase"), text(data, "startedAt", 40)
        if phase.lower() == "terminating":
            return [Ignored("The sync is being stopped.")]
        namespace = text(data, "namespace", 63)
        project, cluster = text(data, "project", 100), text(data, "cluster", 200)
        at = time_at(data, "startedAt")
        return [
            ChangeEvent(
                title=f"{app} synced to {revision[:12] or 'a new state'}",
                candidates=(app,),
                job=app,
                version=revision[:12],
                author=text(data, "author", 200),
                outcome=PHASES.get(phase.lower(), "failed"),
                started_at=at,
                finished_at=time_at(data, "finishedAt"),
                external_id=change_id(cluster, project, namespace, app, revision, started)
                if revision or at
                else "",
                url=web_address(data, "url"),
                environment=text(data, "environment", 100)
                or environment_in(app)
                or environment_of_namespace(namespace)
                or environment_in(cluster.partition("://")[2] or cluster)
                or environment_in(project),
                branch=_branch(text(data, "targetRevision", 100)),
            )
        ]


def _branch(target: str) -> str:
    """The branch that an application follows; versions and HEAD are none."""
    return "" if target.upper() == "HEAD" or not target[:1].isalpha() else target


def _flat(data: Any) -> Any:
    """The values of our template, out of a whole application too."""
    whole = dig(data, "app") if isinstance(dig(data, "app"), dict) else data
    if not isinstance(dig(whole, "metadata"), dict):
        return data
    state = "status.operationState"
    return {
        "app": text(whole, "metadata.name", 100),
        "revision": first_text(
            whole, f"{state}.syncResult.revision", "status.sync.revision", limit=60
        ),
        "phase": text(whole, f"{state}.phase"),
        "startedAt": dig(whole, f"{state}.startedAt"),
        "finishedAt": dig(whole, f"{state}.finishedAt"),
        "author": text(whole, f"{state}.operation.initiatedBy.username", 200),
        "namespace": text(whole, "spec.destination.namespace", 63),
        "cluster": first_text(whole, "spec.destination.name", "spec.destination.server", limit=200),
        "project": text(whole, "spec.project", 100),
        "targetRevision": first_text(
            whole, "spec.source.targetRevision", "spec.sources.0.targetRevision", limit=100
        ),
        "url": dig(data, "url"),
    }
