"""A server that answers as GitHub does, as far as statuses of commits go.

Paths, fields and answers are those of GitHub's REST reference (version 2022-11-28, “Commit
statuses”), looked up on 2026-11-27: each one posted is a row, the combined status shows the newest
of a context, a description has at most 140 characters, an unknown commit is a 422.
"""

from __future__ import annotations

from typing import Any

from tests.practice.code_hosts.fake_host import COMMIT, REPOSITORY, FakeHost, Reply, Shown


class FakeGitHub(FakeHost):
    kind = "github"
    base = "/api/v3"

    def forget(self) -> None:
        self.statuses: list[dict[str, Any]] = []

    def read(self, path: str, query: dict[str, str]) -> Reply:
        if path == f"/repos/{REPOSITORY}":
            return 200, {"full_name": REPOSITORY}
        if path == f"/repos/{REPOSITORY}/commits/{COMMIT}/status":
            return 200, {"state": "success", "statuses": list(self._newest().values())}
        if path.startswith(f"/repos/{REPOSITORY}/commits/"):
            return 422, {"message": "No commit found for SHA"}
        return 404, {"message": "Not Found"}

    def write(self, method: str, path: str, body: Any) -> Reply:
        if not path.startswith(f"/repos/{REPOSITORY}/statuses/"):
            return 404, {"message": "Not Found"}
        if not path.endswith(COMMIT):
            return 422, {"message": f"No commit found for SHA: {path[-40:]}"}
        if body["state"] not in ("error", "failure", "pending", "success"):
            return 422, {"message": "Validation Failed"}
        if len(body["description"]) > 140:
            return 422, {"message": "Validation Failed: description is too long"}
        self.statuses.append(body)
        return 201, body

    def _newest(self) -> dict[str, dict[str, Any]]:
        return {row["context"].lower(): row for row in self.statuses}

    def shown(self) -> list[Shown]:
        return [
            Shown(row["state"] == "success", row["context"], row["description"], row["target_url"])
            for row in self._newest().values()
        ]

    def rows(self) -> int:
        return len(self.statuses)
