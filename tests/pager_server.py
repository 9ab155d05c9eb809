"""A server that answers as pagers do: their records, people, rotas and limits.

PagerDuty and Opsgenie are here, Splunk On-Call in splunk_oncall_server.py, Grafana OnCall in
grafana_oncall_server.py, GoAlert in goalert_server.py.

Looked up in November 2026: developer.pagerduty.com (REST API v2, errors, rate limits, webhooks V3),
docs.opsgenie.com (Alert API, Schedule API, Who is on Call API, alert action data). Both vendors'
own Python clients are driven against it in test_pager_server.py, so that it accepts what they send.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from tests.goalert_server import GoAlert
from tests.grafana_oncall_server import GrafanaOnCall
from tests.json_server import Answer, serving
from tests.splunk_oncall_server import SplunkOnCall

KEY = "y_NbAkKc66ryYTWUXYEu"
SENDER = "causebook@example.com"
Reply = tuple[int, Any]


@dataclass
class Pagers:
    """The records of all pagers, what was written on them, and the webhooks that they owe us."""

    url: str = ""
    keys: set[str] = field(default_factory=lambda: {KEY})
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    """PagerDuty's, by id"""
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Opsgenie's, by id"""
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: list[dict[str, Any]] = field(default_factory=list)
    oncalls: list[dict[str, Any]] = field(default_factory=list)
    schedules: dict[str, list[str]] = field(default_factory=dict)
    """names of schedules, with the user names of who is on call"""
    answers: list[Reply | tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    """What it answers next, whatever the request is"""
    webhooks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """kind of integration and body"""
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.splunk = SplunkOnCall(self.keys, self.webhooks)
        self.grafana = GrafanaOnCall(self.keys, self.webhooks)
        self.goalert = GoAlert(self.keys, self.webhooks)

    def revoke(self, other: str) -> None:
        """From now on only another key is right."""
        self.keys.clear()
        self.keys.add(other)

    def open_incident(self, key: str, **fields: Any) -> None:
        self.incidents[key] = {
            "id": key, "type": "incident", "status": "triggered", "notes": [], **fields,
        }  # fmt: skip

    def open_alert(self, key: str, **fields: Any) -> None:
        self.alerts[key] = {
            "id": key, "status": "open", "acknowledged": False, "notes": [], **fields,
        }  # fmt: skip

    def user(self, key: str, name: str, email: str) -> None:
        self.users[key] = {"id": key, "type": "user", "name": name, "summary": name, "email": email}

    def respond(self, method: str, path: str, headers: dict[str, str], body: Any) -> Answer:
        status, answer, *more = self.answer(method, path, headers, body or {})
        return status, more[0] if more else {}, answer

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> Any:
        self.requests.append(f"{method} {path}")
        if self.answers:
            return self.answers.pop(0)
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        if parts.path.startswith("/api-public/"):
            return self.splunk.answer(method, parts.path, headers, body)
        if parts.path == "/api/graphql":
            return self.goalert.answer(method, headers, body)
        if parts.path.startswith("/api/v1/"):
            return self.grafana.answer(method, parts.path, query, headers, body)
        if parts.path.startswith("/v2/"):
            if headers.get("authorization") not in {f"GenieKey {key}" for key in self.keys}:
                return 401, {"message": "Could not authenticate", "took": 0.0, "requestId": "r"}
            return self._opsgenie(method, parts.path, query, body)
        if headers.get("authorization") not in {f"Token token={key}" for key in self.keys}:
            return 401, {"error": {"message": "Unauthorized", "code": 2006}}
        if not headers.get("accept", "").startswith("application/vnd.pagerduty+json;version=2"):
            return 406, {}
        return self._pagerduty(method, parts.path, query, headers, body)

    # PagerDuty

    def _pagerduty(
        self, method: str, path: str, query: dict[str, list[str]], headers: Any, body: Any
    ) -> Reply:
        if method != "GET" and "@" not in headers.get("from", ""):
            return 400, {"error": {"message": "Requester User Not Found", "code": 1008}}
        agent = self._agent(headers.get("from", ""))
        if match := re.fullmatch(r"/incidents/(\w+)/notes", path):
            return self._add_note(match[1], body, agent)
        if path == "/incidents" and method == "PUT":
            return self._change_incidents(body["incidents"], agent)
        if match := re.fullmatch(r"/users/(\w+)", path):
            if match[1] not in self.users:
                return 404, {"error": {"message": "Not Found", "code": 2100}}
            return 200, {"user": self.users[match[1]]}
        if path == "/services":
            return self._page("services", self.services, query)
        if path == "/oncalls":
            wanted = query.get("escalation_policy_ids[]", [])
            rows = [each for each in self.oncalls if each["escalation_policy"]["id"] in wanted]
            if query.get("include[]") == ["users"]:
                rows = [{**each, "user": self.users[each["user"]["id"]]} for each in rows]
            return self._page("oncalls", rows, query)
        return 404, {"error": {"message": "Not Found", "code": 2100}}

    def _page(self, name: str, rows: list[Any], query: dict[str, list[str]]) -> Reply:
        offset, limit = int(query.get("offset", ["0"])[0]), int(query.get("limit", ["25"])[0])
        more = offset + limit < len(rows)
        shown = rows[offset : offset + limit]
        return 200, {name: shown, "offset": offset, "limit": limit, "more": more, "total": None}

    def _agent(self, address: str) -> dict[str, Any]:
        user = next((each for each in self.users.values() if each["email"] == address), None)
        if user is None:
            return {"id": "PSENDER", "summary": "Causebook", "type": "user_reference"}
        return {"id": user["id"], "summary": user["name"], "type": "user_reference"}

    def _add_note(self, key: str, body: Any, agent: dict[str, Any]) -> Reply:
        if key not in self.incidents:
            return 404, {"error": {"message": "Not Found", "code": 2100}}
        content = body["note"]["content"]
        note = {"id": f"PN{len(self.webhooks)}", "content": content, "user": agent}
        self.incidents[key]["notes"].append(content)
        data = {
            "incident": {"id": key, "type": "incident_reference"}, "id": note["id"],
            "content": content, "trimmed": False, "type": "incident_note",
        }  # fmt: skip
        self.event("incident.annotated", data, agent)
        return 201, {"note": note}

    def _change_incidents(self, rows: list[dict[str, Any]], agent: dict[str, Any]) -> Reply:
        if any(row["id"] not in self.incidents for row in rows):
            return 404, {"error": {"message": "Not Found", "code": 2100}}
        for row in rows:
            incident = self.incidents[row["id"]]
            if incident["status"] == "resolved":
                message = "Incident Already Resolved"
                return 400, {"error": {"message": message, "code": 1001, "errors": []}}
            incident["status"] = row["status"]
            if row.get("resolution"):
                incident["notes"].append(row["resolution"])
            self.event(f"incident.{row['status']}", self.incident_data(row["id"]), agent)
        return 200, {"incidents": [self.incidents[row["id"]] for row in rows]}

    def incident_data(self, key: str, **fields: Any) -> dict[str, Any]:
        incident = {name: value for name, value in self.incidents[key].items() if name != "notes"}
        return {"html_url": f"https://acme.pagerduty.com/incidents/{key}", **incident, **fields}

    def event(
        self, what: str, data: dict[str, Any], agent: Any = None, at: str = "", id: str = ""
    ) -> dict[str, Any]:
        """A webhook V3, as it is sent: also added to `webhooks`."""
        event = {
            "id": id or f"01{uuid.uuid4().hex[:22].upper()}", "event_type": what,
            "resource_type": "incident", "occurred_at": at or now(), "agent": agent,
            "client": None, "data": data,
        }  # fmt: skip
        self.webhooks.append(("pagerduty", {"event": event}))
        return {"event": event}

    # Opsgenie

    def _opsgenie(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Reply:
        if path == "/v2/schedules":
            rows = [{"id": f"s-{name}", "name": name, "enabled": True} for name in self.schedules]
            return 200, {"data": rows, "took": 0.1, "requestId": "r"}
        if match := re.fullmatch(r"/v2/schedules/([^/]+)/on-calls", path):
            return self._on_calls(match[1], query)
        if match := re.fullmatch(r"/v2/alerts/([^/]+)/(notes|acknowledge|close)", path):
            return self._act_on_alert(match[1], match[2], body)
        return 404, {"message": "No such resource", "took": 0.0, "requestId": "r"}

    def _on_calls(self, name: str, query: dict[str, list[str]]) -> Reply:
        if query.get("scheduleIdentifierType") != ["name"] or query.get("flat") != ["true"]:
            return 422, {"message": "Request body is not processable.", "requestId": "r"}
        if name not in self.schedules:
            return 404, {"message": f"Schedule with name [{name}] not found", "requestId": "r"}
        parent = {"id": f"s-{name}", "name": name, "enabled": True}
        data = {"_parent": parent, "onCallRecipients": self.schedules[name]}
        return 200, {"data": data, "took": 0.1, "requestId": "r"}

    def _act_on_alert(self, key: str, act: str, body: Any) -> Reply:
        note = body.get("note") or ""
        if len(note) > 25_000 or (act == "notes" and not note):
            return 422, {"message": "Request body is not processable.", "requestId": "r"}
        accepted = {"result": "Request will be processed", "took": 0.3, "requestId": "43a29c5c"}
        alert = self.alerts.get(key)
        if alert is None:  # It says so only to who asks about the request.
            return 202, accepted
        if note:
            alert["notes"].append(note)
        alert["acknowledged"] = alert["acknowledged"] or act == "acknowledge"
        alert["status"] = "closed" if act == "close" else alert["status"]
        action = {"notes": "AddNote", "acknowledge": "Acknowledge", "close": "Close"}[act]
        self.action(action, key, username=body.get("user", ""), note=note)
        return 202, accepted

    def action(self, action: str, key: str, at: float = 0, **fields: Any) -> dict[str, Any]:
        """What the webhook integration posts; `at` in seconds, which it sends in nanoseconds."""
        given = {"message": "Queue grows", "tinyId": "17", **self.alerts[key].get("data", {})}
        alert = {
            "alertId": key, "createdAt": 1777863660000,
            "updatedAt": int((at or epoch()) * 1_000_000_000), **given, **fields,
        }  # fmt: skip
        body = {
            "action": action, "alert": alert, "source": {"name": "", "type": "web"},
            "integrationId": "37c8f316", "integrationName": "Causebook",
        }  # fmt: skip
        self.webhooks.append(("opsgenie", body))
        return body


def now() -> str:
    return timezone.now().isoformat().replace("+00:00", "Z")


def epoch() -> float:
    return timezone.now().timestamp()


@pytest.fixture
def pagers() -> Iterator[Pagers]:
    state = Pagers()
    with serving(state.respond) as state.url:
        yield state
