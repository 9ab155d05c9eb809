"""Grafana OnCall as its HTTP API and outgoing webhooks were in November 2026.

From Grafana's documentation of both, and from the engine's own source: statuses, the sentences of
its refusals, pages, what a webhook holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

Reply = tuple[int, Any]
REFUSED = 403, {"detail": "Invalid token."}
UNKNOWN = 404, {"detail": "Not found."}
SENDER_ID = "USENDER"
STATES = {"acknowledge": "acknowledged", "resolve": "resolved"}


def now() -> str:
    return timezone.now().isoformat().replace("+00:00", "Z")


@dataclass
class GrafanaOnCall:
    """Alert groups, users and schedules by id; the token is that of the user SENDER_ID."""

    keys: set[str]
    webhooks: list[tuple[str, dict[str, Any]]]
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    schedules: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def user(self, key: str, username: str, email: str) -> None:
        self.users[key] = {"id": key, "username": username, "email": email}

    def schedule(self, name: str, *on_call: str) -> None:
        key = f"S{len(self.schedules)}"
        self.schedules.append({"id": key, "name": name, "type": "web", "on_call_now": on_call})

    def open_group(self, key: str, title: str, **labels: str) -> None:
        self.groups[key] = {
            "id": key, "integration_id": "CZ7", "route_id": "RKH", "alerts_count": 1,
            "state": "firing", "created_at": now(), "resolved_at": None, "acknowledged_at": None,
            "acknowledged_by": None, "resolved_by": None, "title": title, "silenced_at": None,
            "permalinks": {"slack": None, "web": f"https://acme.grafana.net/a/{key}"},
            "labels": labels,
        }  # fmt: skip

    def answer(
        self, method: str, path: str, query: dict[str, list[str]], headers: Any, body: Any
    ) -> Reply:
        if headers.get("authorization") not in self.keys:
            return REFUSED
        path = path.removeprefix("/api/v1").rstrip("/")
        if match := re.fullmatch(r"/alert_groups/(\w+)/(acknowledge|resolve)", path):
            return self._change(match[1], match[2]) if method == "POST" else UNKNOWN
        if path == "/resolution_notes" and method == "POST":
            return self._add_note(body)
        if path == "/schedules":
            return self._page(self.schedules, query, 50)
        if path == "/users":
            return self._page(list(self.users.values()), query, 100)
        if (match := re.fullmatch(r"/users/(\w+)", path)) and match[1] in self.users:
            return 200, self.users[match[1]]
        return UNKNOWN

    def _page(self, rows: list[Any], query: dict[str, list[str]], size: int) -> Reply:
        page = int(query.get("page", ["1"])[0])
        more = page * size < len(rows)
        following = f"https://elsewhere.example/?page={page + 1}" if more else None
        return 200, {
            "count": len(rows), "next": following, "previous": None,
            "results": rows[(page - 1) * size : page * size], "current_page_number": page,
            "page_size": size, "total_pages": -(-len(rows) // size),
        }  # fmt: skip

    def _add_note(self, body: Any) -> Reply:
        if body.get("alert_group_id") not in self.groups:
            return 400, {"alert_group_id": ["Object does not exist."]}
        if not body.get("text"):
            return 400, {"text": ["This field may not be blank."]}
        note = {"id": f"M{len(self.notes)}", "author": SENDER_ID, "source": "web", **body}
        self.notes.append(note)
        return 201, note

    def _change(self, key: str, act: str) -> Reply:
        group = self.groups.get(key)
        if group is None:
            return UNKNOWN
        for state in (STATES[act], "resolved"):
            if group["state"] == state:
                an = "an" if state == "acknowledged" else "a"
                return 400, {"detail": f"Can't {act} {an} {state} alert group"}
        self.act(act, key, SENDER_ID)
        return 200, None

    def act(self, act: str, key: str, user: str | None) -> dict[str, Any]:
        """Somebody acknowledges or resolves a group, there or by the API."""
        group = self.groups[key]
        group["state"] = STATES[act]
        group[f"{STATES[act]}_at"], group[f"{STATES[act]}_by"] = now(), user
        return self.webhook(act, key, user, group[f"{STATES[act]}_at"])

    def webhook(self, what: str, key: str, user: str | None = None, at: str = "") -> dict[str, Any]:
        """What “Forward all” posts; also added to `webhooks`."""
        group = dict(self.groups[key])
        body: dict[str, Any] = {
            "event": {"type": what, **({"time": at} if at else {})},
            "user": self._person(user), "alert_group": group, "alert_group_id": key,
            "alert_payload": {"title": group["title"], "message": "", "state": "alerting"},
            "integration": {"id": "CZ7", "type": "webhook", "name": "Production", "team": None},
            "notified_users": [], "users_to_be_notified": [],
            "alert_group_acknowledged_by": self._person(group["acknowledged_by"]),
            "alert_group_resolved_by": self._person(group["resolved_by"]),
        }  # fmt: skip
        self.webhooks.append(("grafana_oncall", body))
        return body

    def _person(self, key: str | None) -> dict[str, Any] | None:
        return self.users.get(key) if key else None
