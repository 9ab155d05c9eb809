"""A server that answers as GitLab does, as far as statuses of commits go.

Paths, fields and answers are those of GitLab's API reference (“Commits API”) and of its service
for commit statuses (app/services/ci/create_commit_status_service.rb), looked up on 2026-11-27: only
one that is running or pending is changed, any other becomes one more job of that name; a list shows
the newest of each name.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.practice.code_hosts.fake_host import COMMIT, REPOSITORY, FakeHost, Reply, Shown

PROJECT = f"/projects/{quote(REPOSITORY, safe='')}"


class FakeGitLab(FakeHost):
    kind = "gitlab"
    base = "/api/v4"

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "repositories": "example/*"}

    def is_allowed(self, headers: dict[str, str]) -> bool:
        return headers.get("private-token") == self.token

    def forget(self) -> None:
        self.jobs: list[dict[str, Any]] = []

    def read(self, path: str, query: dict[str, str]) -> Reply:
        if path == PROJECT:
            return 200, {"path_with_namespace": REPOSITORY}
        if path == f"{PROJECT}/repository/commits/{COMMIT}/statuses":
            newest = {job["name"]: job for job in self.jobs}
            return 200, [job for name, job in newest.items() if name == query.get("name", name)]
        return 404, {"message": "404 Not Found"}

    def write(self, method: str, path: str, body: Any) -> Reply:
        if path != f"{PROJECT}/statuses/{COMMIT}":
            return 404, {"message": "404 Commit Not Found"}
        if body["state"] not in ("pending", "running", "success", "failed", "canceled", "skipped"):
            return 400, {"message": "state does not have a valid value"}
        if len(body["description"]) > 255 or len(body["name"]) > 255:
            return 400, {"message": {"description": ["is too long"]}}
        named = {"status" if name == "state" else name: value for name, value in body.items()}
        self.jobs.append({"id": len(self.jobs) + 1, "sha": COMMIT, **named})
        return 201, self.jobs[-1]

    def shown(self) -> list[Shown]:
        newest = {job["name"]: job for job in self.jobs}
        return [
            Shown(job["status"] == "success", job["name"], job["description"], job["target_url"])
            for job in newest.values()
        ]

    def rows(self) -> int:
        return len(self.jobs)
