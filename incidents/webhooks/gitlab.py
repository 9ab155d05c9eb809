"""GitLab: deployments, and pipelines for those who do not use environments."""

from __future__ import annotations

from common.payloads import required_text, text, time_at, web_address
from common.signing import Token
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook

STATES = {"running": "running", "success": "succeeded", "failed": "failed"}


class GitLab(Webhook):
    kind = "gitlab"
    title = "GitLab"
    brings = "changes"
    scheme = Token("x-gitlab-token")

    def sender_id(self, incoming: Incoming) -> str:
        headers = incoming.headers
        return headers.get("idempotency-key", "") or headers.get("x-gitlab-event-uuid", "")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "object_kind")
        if what == "deployment":
            state, number = required_text(data, "status"), required_text(data, "deployment_id", 50)
            where, sha = text(data, "environment", 90), text(data, "short_sha", 40)
            author, at = text(data, "user.username", 200), time_at(data, "status_changed_at")
            url, began = web_address(data, "deployable_url"), at
        elif what == "pipeline":
            state = required_text(data, "object_attributes.status")
            number = required_text(data, "object_attributes.id", 50)
            where, sha = "pipeline", text(data, "object_attributes.sha", 12)
            author, at = (
                text(data, "user.username", 200),
                time_at(data, "object_attributes.finished_at"),
            )
            url = web_address(data, "object_attributes.url")
            began = time_at(data, "object_attributes.created_at")
        else:
            return [Ignored(f"“{what}” needs nothing from us.")]
        if state not in STATES:
            return [Ignored(f"The {what} is {state}.")]
        project = required_text(data, "project.name", 100)
        ended = state != "running"
        return [
            ChangeEvent(
                title=f"{project} {sha}: {where}",
                service=project if what == "deployment" else "",
                job=f"{project}/{where}",
                version=sha,
                author=author,
                outcome=STATES[state],
                started_at=began,
                finished_at=at if ended else None,
                external_id=f"{what} {number}",
                url=url,
            )
        ]
