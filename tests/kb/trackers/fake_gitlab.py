"""A server that answers as GitLab does, as far as issues of a project go.

Paths, shapes and statuses are those of GitLab's reference of the issues API (v4) and of webhook
events, looked up on 2026-11-27: `state_event`, `moved_to_id` on the closed original of a moved
issue, limits by 429 with Retry-After, `X-Gitlab-Token`, and signing tokens by the Standard Webhooks
specification. Quick actions in a description are carried out, as the server does. The public
client python-gitlab drives it in test_clients.py.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from tests.kb.trackers.fake_tracker import (
    WEBHOOK_SECRET,
    FakeIssue,
    FakeTracker,
    Reply,
    Request,
)

PROJECTS = {"example/shop": 5, "example/platform": 6}


class FakeGitLab(FakeTracker):
    kind = "gitlab"
    project = "example/shop"
    other_project = "example/platform"

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "project": "example/shop"}

    def key_of(self, issue: FakeIssue) -> str:
        return f"{issue.project}#{issue.number}"

    def address_of(self, issue: FakeIssue) -> str:
        return f"{self.url}/{issue.project}/-/issues/{issue.number}"

    def is_allowed(self, request: Request) -> bool:
        return request.headers.get("private-token") == self.token

    def move(self, issue: FakeIssue) -> FakeIssue:
        there = self.add(issue.title, issue.text, self.other_project)
        issue.moved_to, issue.state, issue.updated = there, "done", self.now()
        return there

    def answer(self, request: Request) -> Reply:
        match = re.fullmatch(r"/api/v4/projects/([^/]+)(/issues)?(?:/(\d+))?", request.path)
        if match is None:
            return 404, {"error": "404 Not Found"}
        name = unquote(match[1])
        ids = {str(number): project for project, number in PROJECTS.items()}
        project = ids.get(name, name)
        if not self.project_exists or project not in PROJECTS:
            return 404, {"message": "404 Project Not Found"}
        if not match[2]:
            named = {"path_with_namespace": project, "name_with_namespace": "Example / Shop"}
            return 200, {"id": PROJECTS[project], **named}
        if match[3]:
            return self._one(request, project, int(match[3]))
        if request.method == "POST":
            return self._create(project, request.body)
        return self._list(project, request.query)

    def _list(self, project: str, query: dict[str, str]) -> Reply:
        size = int(query.get("per_page", 20))
        first = (int(query.get("page", 1)) - 1) * size
        rows = [
            issue
            for issue in sorted(self.issues, key=lambda each: -each.number)
            if issue.project == project and not issue.deleted
            if _time(issue.created) >= query.get("created_after", "")
        ]
        return 200, [self._shown(issue) for issue in rows[first : first + size]]

    def _create(self, project: str, body: dict[str, Any]) -> Reply:
        if not 0 < len(body.get("title", "")) <= 255:
            return 400, {"message": {"title": ["is too long (maximum is 255 characters)"]}}
        if "due_date" in body and not re.fullmatch(r"\d{4}-\d\d-\d\d", body["due_date"]):
            return 400, {"error": "due_date is invalid"}
        issue = self.add(body["title"], body.get("description", ""), project)
        if re.search(r"^\s*/close\b", issue.text, re.MULTILINE):
            issue.state = "done"
        return 201, self._shown(issue)

    def _one(self, request: Request, project: str, number: int) -> Reply:
        issue = next((i for i in self.issues if (i.project, i.number) == (project, number)), None)
        if issue is None or issue.deleted:
            return 404, {"message": "404 Not found"}
        if request.method == "PUT":
            event = request.body.get("state_event")
            if event not in ("close", "reopen"):
                return 400, {"error": "state_event does not have a valid value"}
            self.set_state(issue, "done" if event == "close" else "open")
        return 200, self._shown(issue)

    def _shown(self, issue: FakeIssue) -> dict[str, Any]:
        return {
            "id": 400 + issue.number,
            "iid": issue.number,
            "project_id": PROJECTS[issue.project],
            "title": issue.title,
            "description": issue.text,
            "state": "opened" if issue.state == "open" else "closed",
            "moved_to_id": 400 + issue.moved_to.number if issue.moved_to else None,
            "references": {
                "short": f"#{issue.number}", "full": f"{issue.project}#{issue.number}",
            },
            "web_url": self.address_of(issue),
            "created_at": _time(issue.created),
            "updated_at": _time(issue.updated),
        }  # fmt: skip

    def webhook(self, issue: FakeIssue, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
        number = PROJECTS[issue.project]
        shown = {
            "id": 400 + issue.number, "iid": issue.number, "title": issue.title, "action": "close",
            "state": "closed", "updated_at": _time(issue.updated), "project_id": number,
        }  # fmt: skip
        project = {"id": number, "path_with_namespace": issue.project, "name": "Shop"}
        body = {"object_kind": "issue", "project": project, "object_attributes": shown}
        return json.dumps(body).encode(), {
            "X-Gitlab-Event": "Issue Hook", "X-Gitlab-Token": WEBHOOK_SECRET,
        }  # fmt: skip


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
