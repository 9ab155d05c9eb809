"""A server that answers as GitHub does, as far as issues of a repository go.

Paths, shapes and statuses are those of GitHub's REST API reference (version 2022-11-28) and its
reference of webhook events, looked up on 2026-11-27: `state_reason`, 301 for a transferred issue,
410 for a deleted one, pages by `page` and `per_page`, limits by 403 or 429 with Retry-After,
`X-Hub-Signature-256`. The public client PyGithub drives it in test_clients.py.
"""

from __future__ import annotations

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

API = "/api/v3"
REASONS = {"done": "completed", "dropped": "not_planned"}


class FakeGitHub(FakeTracker):
    kind = "github"
    project = "example/shop"
    other_project = "example/platform"

    def settings(self) -> dict[str, Any]:
        return {"url": f"{self.url}{API}", "repository": "example/shop"}

    def key_of(self, issue: FakeIssue) -> str:
        return f"{issue.project}#{issue.number}"

    def address_of(self, issue: FakeIssue) -> str:
        return f"{self.url}/{issue.project}/issues/{issue.number}"

    def is_allowed(self, request: Request) -> bool:
        how, _, token = request.headers.get("authorization", "").partition(" ")
        return how.lower() in ("bearer", "token") and token == self.token

    def refusal(self, status: int) -> Any:
        return {"message": "Bad credentials" if status == 401 else f"Error {status}"}

    def move(self, issue: FakeIssue) -> FakeIssue:
        there = self.add(issue.title, issue.text, self.other_project)
        there.state, issue.moved_to, there.updated = issue.state, there, self.now()
        return there

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(API)
        match = re.fullmatch(r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))(/.*)?", path)
        if match is None:
            return 404, {"message": "Not Found"}
        project = match[1] or (self.project, self.other_project)[int(match[2]) - 1]
        if not self.project_exists or project not in (self.project, self.other_project):
            return 404, {"message": "Not Found"}
        rest = match[3] or ""
        if not rest:
            return 200, {
                "id": 1, "full_name": project, "has_issues": True,
                "url": f"{self.url}{API}/repos/{project}",
            }  # fmt: skip
        if rest == "/issues":
            return self._create(project, request.body) if request.body else self._list(request)
        if found := re.fullmatch(r"/issues/(\d+)", rest):
            return self._one(request, project, int(found[1]))
        return 404, {"message": "Not Found"}

    def _list(self, request: Request) -> Reply:
        query = request.query
        since, size = query.get("since", ""), int(query.get("per_page", 30))
        first = (int(query.get("page", 1)) - 1) * size
        rows = [
            issue
            for issue in sorted(self.issues, key=lambda each: -each.number)
            if issue.project == self.project and not issue.deleted and not issue.moved_to
            if query.get("state", "open") in ("all", "open" if issue.state == "open" else "closed")
            if _time(issue.updated) >= since
        ]
        return 200, [self._shown(issue) for issue in rows[first : first + size]]

    def _create(self, project: str, body: dict[str, Any]) -> Reply:
        if not isinstance(body.get("title"), str) or not body["title"]:
            return 422, {"message": "Validation Failed", "errors": [{"field": "title"}]}
        return 201, self._shown(self.add(body["title"], body.get("body") or "", project))

    def _one(self, request: Request, project: str, number: int) -> Reply:
        issue = next((i for i in self.issues if (i.project, i.number) == (project, number)), None)
        if issue is None:
            return 404, {"message": "Not Found"}
        if issue.deleted:
            return 410, {"message": "This issue was deleted"}
        if issue.moved_to:
            self.headers["Location"] = (
                f"{self.url}{API}/repositories/2/issues/{issue.moved_to.number}"
            )
            return 301, {"message": "Moved Permanently", "url": self.headers["Location"]}
        if request.method == "PATCH":
            return self._edit(issue, request.body)
        return 200, self._shown(issue)

    def _edit(self, issue: FakeIssue, body: dict[str, Any]) -> Reply:
        reason = body.get("state_reason")
        known = (None, "completed", "not_planned", "duplicate", "reopened")
        if body.get("state") not in (None, "open", "closed") or reason not in known:
            return 422, {"message": "Validation Failed"}
        closed = "done" if reason in (None, "completed") else "dropped"
        if "state" in body:
            self.set_state(issue, closed if body["state"] == "closed" else "open")
        return 200, self._shown(issue)

    def _shown(self, issue: FakeIssue) -> dict[str, Any]:
        repository = f"{self.url}{API}/repos/{issue.project}"
        return {
            "id": 9000 + issue.number,
            "number": issue.number,
            "title": issue.title,
            "body": issue.text,
            "state": "open" if issue.state == "open" else "closed",
            "state_reason": REASONS.get(issue.state),
            "url": f"{repository}/issues/{issue.number}",
            "repository_url": repository,
            "html_url": self.address_of(issue),
            "created_at": _time(issue.created),
            "updated_at": _time(issue.updated),
        }

    def webhook(self, issue: FakeIssue, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
        action = "deleted" if issue.deleted else "transferred" if issue.moved_to else "closed"
        body = json.dumps(
            {
                "action": action, "issue": self._shown(issue),
                "repository": {"id": 1, "full_name": issue.project}, "sender": {"login": "someone"},
            }
        ).encode()  # fmt: skip
        signature = f"sha256={sign(WEBHOOK_SECRET, body)}"
        return body, {
            "X-Hub-Signature-256": signature, "X-GitHub-Event": "issues",
            "X-GitHub-Delivery": "d-1",
        }  # fmt: skip


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
