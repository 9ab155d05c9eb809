"""Rundeck: webhook notifications of jobs, in JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from common.change_details import AUTHOR, ENVIRONMENT, PROJECT, SERVICE, VERSION, Details
from common.payloads import dig, time_at, web_address
from common.placeholders import first_text, required_text, text
from common.signing import Token
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

STATES = {
    "running": "running", "start": "running", "succeeded": "succeeded", "success": "succeeded",
    "failed": "failed", "failure": "failed", "timedout": "failed", "avgduration": "running",
}  # fmt: skip


class Rundeck(Webhook):
    """Options of the job may say which service, environment and version it was about."""

    kind = "rundeck"
    title = "Rundeck"
    brings = "changes"
    scheme = Token(in_url=True)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        of = data if dig(data, "execution") is None else dig(data, "execution")
        state = first_text(of, "status", limit=40) or required_text(data, "trigger", 40)
        outcome = STATES.get(state.lower().replace("-", ""))
        if outcome is None:
            return [Ignored(f"The job was {state}.")]
        name = required_text(of, "job.name", 100)
        group, project = text(of, "job.group", 100), text(of, "project", 80)
        options = Details(
            dig(of, "job.options") or dig(of, "context.option") or dig(of, "context.options")
        )
        given = options.first(PROJECT, 100)
        return [
            ChangeEvent(
                title=f"{name}: {text(of, 'argstring', 150) or state}"[:300],
                service=options.first(SERVICE, 100),
                candidates=tuple(each for each in (given, name) if each),
                job=f"{group}/{name}" if group else name,
                job_name=name,
                version=options.first(VERSION),
                author=text(of, "user", 200) or options.first(AUTHOR),
                outcome=outcome,
                started_at=_time(of, "Started", "started"),
                finished_at=None if outcome == "running" else _time(of, "Ended", "ended"),
                external_id=change_id(project, required_text(of, "id", 50)),
                url=web_address(of, "permalink") or web_address(of, "href"),
                environment=options.first(ENVIRONMENT, 100),
                run=name,
                trigger="schedule" if text(of, "executionType") == "scheduled" else "",
            )
        ]


def _time(data: Any, capital: str, small: str) -> datetime | None:
    new, old = f"date{capital}", f"date-{small}"
    paths = (f"{new}W3c", f"{new}Unixtime", f"{old}.date", f"{old}.unixtime")
    return next((at for path in paths if (at := time_at(data, path))), None)
