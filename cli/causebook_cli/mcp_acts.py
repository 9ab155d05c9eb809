"""The tools of assistants that change something. What each may is decided by the server.

Their annotations let the assistant's program request its person's consent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from causebook_cli.client import Client, number_of
from causebook_cli.mcp_answers import Mark, client_of, incident_row
from mcp.server.mcpserver import Context
from mcp.types import ToolAnnotations

ADDS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
REPEATABLE = ADDS.model_copy(update={"idempotent_hint": True})
CHANGES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)


def file_incident(
    title: str,
    context: Context,
    services: list[str] | None = None,
    severity: str = "SEV3",
    symptom: str = "",
) -> dict[str, Any]:
    """File a new incident. Only when a person requested it."""
    client = client_of(context)
    body = {
        "title": title[:300],
        "services": services or [],
        "severity": severity,
        "symptom": symptom[:20_000],
    }
    return _incident(client, client.create("incidents/", body))


def add_note(incident: str, text: str, context: Context) -> dict[str, Any]:
    """Write a note in Markdown onto the timeline of an incident (INC-42)."""
    client, key = client_of(context), number_of(incident)
    note = client.create(f"incidents/{key}/notes/", {"text": text})
    return Mark().answer(incident=f"INC-{key}", at=note["at"])


def acknowledge_incident(incident: str, context: Context) -> dict[str, Any]:
    """Say that the person works on an incident; they become its owner if it has none. Only when
    they requested it."""
    client = client_of(context)
    row = client.request("POST", f"incidents/{number_of(incident)}/acknowledge/")
    return _incident(client, row)


def set_status(
    incident: str, status: str, context: Context, resolution: str = ""
) -> dict[str, Any]:
    """Set the status of an incident: investigating, identified, mitigated or resolved; with
    resolved, what fixed it. Only when a person requested it."""
    client = client_of(context)
    body = {"status": status, **({"resolution": resolution} if resolution else {})}
    row = client.request("PATCH", f"incidents/{number_of(incident)}/", json=body)
    return _incident(client, row)


def set_field(incident: str, field: str, value: str, context: Context) -> dict[str, Any]:
    """Set a custom field of an incident by its name; an empty value clears it. A number is given
    as text, a person by the name of the account. Only when a person requested it."""
    client = client_of(context)
    body = {"custom_fields": {field: value or None}}
    row = client.request("PATCH", f"incidents/{number_of(incident)}/", json=body)
    return _incident(client, row)


def link_cause(
    incident: str,
    cause: int,
    context: Context,
    state: str = "suspected",
    role: str = "root",
    reason: str = "",
) -> dict[str, Any]:
    """Suspect, confirm or reject a past cause of an incident. `cause` is the number at the end of
    the cause's url, `role` root, contributing or trigger. Confirm only when a person did."""
    client, key = client_of(context), number_of(incident)
    body = {"incident": key, "cause": cause, "state": state, "role": role, "reason": reason}
    link = client.create("cause-links/", body)
    return Mark().answer(incident=f"INC-{key}", cause=cause, state=link["state"])


def record_change(
    service: str, title: str, context: Context, kind: str = "deploy", version: str = ""
) -> dict[str, Any]:
    """Record a change of a service: deploy, config, flag, scaling or migration."""
    body = {"service": service, "title": title, "kind": kind, "version": version}
    change = client_of(context).create("changes/", body)
    return Mark().answer(id=change["id"], at=change["started_at"])


def draft_postmortem(incidents: list[str], context: Context) -> dict[str, Any]:
    """Start a postmortem of one or more incidents, filled from their timelines and evidence. It is
    a draft that people edit and publish."""
    client = client_of(context)
    made = client.create("postmortems/", {"incidents": [number_of(each) for each in incidents]})
    address = f"{client.config.url}/knowledge/postmortems/{made['id']}/"
    return Mark().answer(id=made["id"], url=address)


def add_action_item(
    postmortem: int, title: str, context: Context, owner: str = "", due_on: str = ""
) -> dict[str, Any]:
    """Add an action item to a postmortem. `owner` is the name of an account, `due_on` a date such
    as 2026-03-31."""
    body = {
        "postmortem": postmortem,
        "title": title,
        **({"owner": owner} if owner else {}),
        **({"due_on": due_on} if due_on else {}),
    }
    made = client_of(context).create("actions/", body)
    return Mark().answer(id=made["id"], postmortem=postmortem)


def _incident(client: Client, row: dict[str, Any]) -> dict[str, Any]:
    mark = Mark()
    return mark.answer(**incident_row(row, client.config.url, mark))


ACTS: dict[Callable[..., dict[str, Any]], ToolAnnotations] = {
    file_incident: ADDS,
    add_note: ADDS,
    acknowledge_incident: REPEATABLE,
    set_status: CHANGES,
    set_field: CHANGES,
    link_cause: CHANGES,
    record_change: ADDS,
    draft_postmortem: ADDS,
    add_action_item: ADDS,
}
