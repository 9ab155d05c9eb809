"""A server that answers as Jira Cloud does, by version 2 of its REST API.

Paths, shapes, statuses and messages are those of Atlassian's reference of the Jira Cloud platform
REST API v2 and its page on webhooks, looked up on 2026-11-27: basic authentication by e-mail and
token, search by `search/jql` only (the former `search` is gone since 2025 and answers 410),
transitions with categories of status, `X-Hub-Signature`. The public client `jira` drives it in
test_clients.py.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import Any

from common.signing import sign
from tests.kb.trackers.fake_tracker import (
    WEBHOOK_SECRET,
    FakeIssue,
    FakeTracker,
    Reply,
    Request,
)

EMAIL = "bot@example.com"
NO_ISSUE = "Issue does not exist or you do not have permission to see it."
STATUSES = {
    "open": ("To Do", "new", "11"),
    "started": ("In Progress", "indeterminate", "21"),
    "done": ("Done", "done", "31"),
    "dropped": ("Rejected", "done", "41"),
}
"""By state: name, category, and the transition that leads there."""


class FakeJira(FakeTracker):
    kind = "jira"
    project = "OPS"
    other_project = "PLAT"

    def __init__(self) -> None:
        super().__init__()
        self.transitions = ["started", "dropped", "done", "open"]
        """In the order in which the workflow offers them."""
        self.ids: dict[int, str] = {}

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "project": "OPS", "issue_type": "Task", "email": EMAIL}

    def key_of(self, issue: FakeIssue) -> str:
        return f"{issue.project}-{issue.number}"

    def address_of(self, issue: FakeIssue) -> str:
        return f"{self.url}/browse/{self.key_of(issue)}"

    def id_of(self, issue: FakeIssue) -> str:
        return self.ids.setdefault(id(issue), str(10_000 + len(self.ids)))

    def is_allowed(self, request: Request) -> bool:
        right = base64.b64encode(f"{EMAIL}:{self.token}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {right}"

    def refusal(self, status: int) -> Any:
        return {"errorMessages": [f"Error {status}"], "errors": {}}

    def is_change(self, request: Request) -> bool:
        return request.method == "POST"

    def move(self, issue: FakeIssue) -> FakeIssue:
        """The same issue with another key: ids stay, and the former key leads to it."""
        issue.moved_to = FakeIssue(issue.number, issue.project, "", "")
        issue.project, issue.number = self.other_project, 77
        issue.updated = self.now()
        return issue

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix("/rest/api/2")
        if path == "/serverInfo":
            return 200, {"deploymentType": "Cloud", "versionNumbers": [1001, 0, 0]}
        if path == "/field":
            return 200, [{"id": "summary", "name": "Summary", "custom": False, "schema": {}}]
        if path == f"/project/{self.project}":
            if not self.project_exists:
                return 404, {"errorMessages": ["No project could be found with key 'OPS'."]}
            return 200, {"id": "1", "key": "OPS", "name": "Operations"}
        if path == "/search":
            return 410, {"errorMessages": ["The requested API has been removed."]}
        if path == "/search/jql":
            return self._search(request.query)
        if path == "/issue" and request.method == "POST":
            return self._create(request.body["fields"])
        if match := re.fullmatch(r"/issue/([^/]+)(/transitions)?", path):
            issue = self._find(match[1])
            if issue is None:
                return 404, {"errorMessages": [NO_ISSUE], "errors": {}}
            return self._transitions(request, issue) if match[2] else (200, self._shown(issue))
        return 404, {"errorMessages": [f"No {request.path}"]}

    def _find(self, key: str) -> FakeIssue | None:
        for issue in self.issues:
            names = {self.id_of(issue), self.key_of(issue)}
            if issue.moved_to:
                names.add(self.key_of(issue.moved_to))
            if key in names and not issue.deleted and self.project_exists:
                return issue
        return None

    def _search(self, query: dict[str, str]) -> Reply:
        match = re.fullmatch(r'project = "(\w+)" AND labels = "([\w-]+)"', query["jql"])
        if match is None:
            return 400, {"errorMessages": ["Error in the JQL Query."], "errors": {}}
        if not self.project_exists:
            message = f"The value '{match[1]}' does not exist for the field 'project'."
            return 400, {"errorMessages": [message], "errors": {}}
        found = [
            self._shown(issue)
            for issue in self.issues
            if (issue.project, issue.mark) == (match[1], match[2]) and not issue.deleted
        ]
        return 200, {"issues": found[: int(query.get("maxResults", 50))], "isLast": True}

    def _create(self, fields: dict[str, Any]) -> Reply:
        errors = {}
        if fields["project"] != {"key": "OPS"} and fields["project"] != {"id": "1"}:
            errors["project"] = "valid project is required"
        if fields["issuetype"].get("name") not in ("Task", "Bug"):
            errors["issuetype"] = "Specify a valid issue type"
        if not 0 < len(fields.get("summary", "")) <= 255 or "\n" in fields["summary"]:
            errors["summary"] = "Summary must be one line of less than 255 characters."
        for unknown in fields.keys() - {"project", "issuetype", "summary", "description", "labels"}:
            errors[unknown] = f"Field '{unknown}' cannot be set. It is not on the screen."
        if any(" " in label for label in fields.get("labels", [])):
            errors["labels"] = "The label contains spaces which is invalid."
        if errors:
            return 400, {"errorMessages": [], "errors": errors}
        labels = fields.get("labels") or [""]
        issue = self.add(fields["summary"], fields.get("description", ""), mark=labels[0])
        return 201, {"id": self.id_of(issue), "key": self.key_of(issue), "self": "…"}

    def _transitions(self, request: Request, issue: FakeIssue) -> Reply:
        if request.method == "GET":
            offered = [
                {"id": STATUSES[each][2], "name": each.title(), "to": _status(each)}
                for each in self.transitions
                if each != issue.state
            ]
            return 200, {"expand": "transitions", "transitions": offered}
        wanted = str(request.body["transition"]["id"])
        state = next((s for s in self.transitions if STATUSES[s][2] == wanted), issue.state)
        if state == issue.state:
            return 400, {"errorMessages": ["It is not on the appropriate screen."], "errors": {}}
        self.set_state(issue, state)
        return 204, None

    def _shown(self, issue: FakeIssue) -> dict[str, Any]:
        names = {"done": "Done", "dropped": "Won't Do"}
        place = f"{self.url}/rest/api/2/resolution/10000"
        resolution = {
            state: {"self": place, "id": "10000", "name": name} for state, name in names.items()
        }
        return {
            "id": self.id_of(issue),
            "key": self.key_of(issue),
            "self": f"{self.url}/rest/api/2/issue/{self.id_of(issue)}",
            "fields": {
                "summary": issue.title,
                "description": issue.text,
                "labels": [issue.mark] if issue.mark else [],
                "status": _status(issue.state),
                "resolution": resolution.get(issue.state),
                "updated": issue.updated.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
                "project": {"key": issue.project},
            },
        }

    def webhook(self, issue: FakeIssue, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
        event = "jira:issue_deleted" if issue.deleted else "jira:issue_updated"
        body = json.dumps(
            {
                "timestamp": int(self.now().timestamp() * 1000), "webhookEvent": event,
                "issue_event_type_name": "issue_generic", "issue": self._shown(issue),
                "changelog": {"id": "1", "items": [{"field": "status", "toString": "Done"}]},
            }
        ).encode()  # fmt: skip
        signature = f"sha256={sign(WEBHOOK_SECRET, body)}"
        return body, {"X-Hub-Signature": signature, "X-Atlassian-Webhook-Identifier": "a-1"}


def _status(state: str) -> dict[str, Any]:
    name, category, number = STATUSES[state]
    return {
        "id": number, "name": name,
        "statusCategory": {"id": 1, "key": category, "name": category.title()},
    }  # fmt: skip
