"""Splunk On-Call (VictorOps) as its public API and outgoing webhooks were in November 2026.

From the reference of the API (portal.victorops.com/public/api-docs.html, by the clients that were
generated from it, and victorops-api-client 1.0.2), and from recorded webhooks of all variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

API_ID = "4db9c3ea"
Reply = tuple[int, Any]
REFUSED = 403, {"message": "Authentication failed or rate-limit reached"}
UNKNOWN = 404, {"message": "Not found"}


def milliseconds() -> int:
    return int(timezone.now().timestamp() * 1000)


@dataclass
class SplunkOnCall:
    """Incidents by number, users by name, and teams with who is on call."""

    keys: set[str]
    webhooks: list[tuple[str, dict[str, Any]]]
    incidents: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    teams: list[dict[str, Any]] = field(default_factory=list)

    def user(self, username: str, first: str, last: str, email: str) -> None:
        self.users[username] = {
            "firstName": first, "lastName": last, "username": username, "email": email,
            "verified": True, "_selfUrl": f"/api-public/v1/user/{username}",
        }  # fmt: skip

    def team(self, name: str, *usernames: str, policy: str = "") -> None:
        slug = f"team-{len(self.teams):016}"
        users = [{"onCalluser": {"username": each}} for each in usernames]
        policy_named = {"name": policy or name, "slug": f"pol-{len(self.teams):016}"}
        now = [{"escalationPolicy": policy_named, "users": users}]
        self.teams.append({"team": {"name": name, "slug": slug}, "oncallNow": now})

    def open_incident(self, number: str, title: str, **alert: str) -> None:
        self.incidents[number] = {
            "title": title, "phase": "UNACKED", "at": milliseconds(), "notes": {}, "messages": [],
            "acked": (None, None), "resolved": (None, None), "alert": alert,
        }  # fmt: skip

    def answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> Reply:
        if headers.get("x-vo-api-id") != API_ID or headers.get("x-vo-api-key") not in self.keys:
            return REFUSED
        path = path.removeprefix("/api-public/v1")
        if match := re.fullmatch(r"/incidents/(ack|resolve)", path):
            return self._change(match[1], body) if method == "PATCH" else UNKNOWN
        if match := re.fullmatch(r"/incidents/(\d+)/notes", path):
            return self._add_note(match[1], body) if method == "POST" else UNKNOWN
        if path == "/oncall/current":
            return 200, {"teamsOnCall": self.teams}
        if path == "/user":
            return 200, {"users": [list(self.users.values())]}
        if (match := re.fullmatch(r"/user/([^/]+)", path)) and match[1] in self.users:
            return 200, self.users[match[1]]
        return UNKNOWN

    def _add_note(self, number: str, body: Any) -> Reply:
        if number not in self.incidents:
            return UNKNOWN
        if not body.get("name") or not isinstance(body.get("json_value"), dict):
            return 400, {"message": "A note has a name and a JSON object"}
        self.incidents[number]["notes"][body["name"]] = body
        return 200, body

    def _change(self, act: str, body: Any) -> Reply:
        if body["userName"] not in self.users:
            return 400, {"message": "Unknown user"}
        results = []
        for number in body["incidentNames"]:
            row = self.incidents.get(number)
            done = row is not None and row["phase"] not in ("RESOLVED", PHASES[act])
            if done:
                self.act(act, number, body["userName"], body.get("message", ""))
            message = "" if done else "Incident is not open"
            results.append(
                {"incidentNumber": number, "entityId": f"e-{number}", "cmdAccepted": done,
                 "message": message}
            )  # fmt: skip
        return 200, {"results": results}

    def act(self, act: str, number: str, username: str, message: str = "") -> dict[str, Any]:
        """Somebody acknowledges or resolves an incident, there or by the API."""
        row = self.incidents[number]
        row["phase"] = PHASES[act]
        row["acked" if act == "ack" else "resolved"] = username, milliseconds()
        if message:
            row["messages"].append(message)
        return self.webhook(number, **{"STATE.ACK_MSG": message, "STATE.ACK_USER": username})

    def webhook(self, number: str, **fields: Any) -> dict[str, Any]:
        """What “Any-Incident” posts, with all variables; also added to `webhooks`."""
        row = self.incidents[number]
        kind = {"UNACKED": "CRITICAL", "ACKED": "ACKNOWLEDGEMENT", "RESOLVED": "RECOVERY"}
        (acked_by, acked_at), (resolved_by, resolved_at) = row["acked"], row["resolved"]
        body = {
            "INCIDENT.INCIDENT_ID": number, "INCIDENT.INCIDENT_NAME": f"#{number}",
            "INCIDENT.INCIDENT_TIMESTAMP": row["at"], "INCIDENT.CURRENT_PHASE": row["phase"],
            "INCIDENT.ENTITY_DISPLAY_NAME": row["title"], "INCIDENT.IS_MUTED": False,
            "ALERT.VO_ORGANIZATION_ID": "acme", "ALERT.message_type": kind[row["phase"]],
            "ALERT.entity_display_name": row["title"], "ALERT.state_message": row["title"],
            "ALERT.entity_id": f"e-{number}", "ALERT.VO_MONITOR_TYPE": "28",
            **{f"ALERT.{name}": value for name, value in row["alert"].items()},
            "STATE.CURRENT_ALERT_PHASE": row["phase"], "STATE.INCIDENT_NAME": number,
            "STATE.INCIDENT_TIMESTAMP": row["at"], "STATE.SERVICE": row["title"],
            "STATE.ENTITY_ID": f"e-{number}", "STATE.ACK_MSG": "", "STATE.ACK_USER": "SYSTEM",
            "STATE.ACK_TIMESTAMP": acked_at or 0, "STATE.LAST_TIMESTAMP": milliseconds(),
            "STATE.ACKED_BY": acked_by, "STATE.ACKED_AT": acked_at,
            "STATE.RESOLVED_BY": resolved_by, "STATE.RESOLVED_AT": resolved_at, **fields,
        }  # fmt: skip
        self.webhooks.append(("splunk_oncall", body))
        return body


PHASES = {"ack": "ACKED", "resolve": "RESOLVED"}
