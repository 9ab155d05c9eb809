"""Spinnaker: events of pipelines that Echo posts."""

from __future__ import annotations

from typing import Any

from common.environments import environment_in, is_production
from common.payloads import dig, time_at
from common.placeholders import first_text, required_first, required_text, text
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

TYPES = {
    "orca:pipeline:starting": "running",
    "orca:pipeline:complete": "succeeded",
    "orca:pipeline:failed": "failed",
}
_DEPLOYING = ("deploy", "rollback", "createservergroup", "clone", "undo", "scale", "patch")


class Spinnaker(Webhook):
    """Stages and tasks of a pipeline are steps of one change: only the pipeline is reported."""

    kind = "spinnaker"
    title = "Spinnaker"
    brings = "changes"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "details.type", 80)
        if what not in TYPES:
            return [Ignored(f"“{what}” is a step or no change.")]
        of = "content.execution"
        status = text(data, f"{of}.status", 40).upper()
        if status in ("CANCELED", "SKIPPED", "NOT_STARTED", "BUFFERED"):
            return [Ignored(f"The pipeline was {status.lower()}.")]
        application = required_first(data, f"{of}.application", "details.application", limit=100)
        name = required_text(data, f"{of}.name", 90)
        number = required_first(data, f"{of}.id", "content.executionId", limit=80)
        outcome = "failed" if status in ("TERMINAL", "STOPPED") else TYPES[what]
        return [
            ChangeEvent(
                title=f"{application}: {name}",
                candidates=(application,),
                job=f"{application}/{name}",
                job_name=application,
                version=_version(data, of),
                author=first_text(
                    data, f"{of}.authentication.user", f"{of}.trigger.user", limit=200
                ),
                outcome=outcome,
                started_at=time_at(data, f"{of}.startTime") or time_at(data, "details.created"),
                finished_at=None if outcome == "running" else time_at(data, f"{of}.endTime"),
                external_id=change_id(application, number),
                environment=_account(data, of),
                branch=first_text(data, f"{of}.trigger.branch", limit=200),
                run=name,
                trigger="schedule" if text(data, f"{of}.trigger.type") == "cron" else "",
            )
        ]


def _account(data: Any, of: str) -> str:
    """The account that the pipeline deploys to, where its name says the environment."""
    stages = dig(data, f"{of}.stages", [])
    found = []
    for stage in stages[:100] if isinstance(stages, list) else []:
        if text(stage, "type").lower().startswith(_DEPLOYING):
            account = first_text(
                stage, "context.account", "context.credentials", "context.clusters.0.account",
                limit=100,
            )  # fmt: skip
            if account and (is_production(account) is not None or environment_in(account)):
                found.append(account)
    found.sort(key=lambda account: is_production(account) is not True)
    return found[0] if found else ""


def _version(data: Any, of: str) -> str:
    return first_text(
        data, f"{of}.trigger.tag", f"{of}.trigger.parameters.version", f"{of}.trigger.hash",
        f"{of}.trigger.buildInfo.number", f"{of}.trigger.buildNumber", limit=100,
    )  # fmt: skip
