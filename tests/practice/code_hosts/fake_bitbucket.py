"""Servers that answer as Bitbucket Cloud and Data Center do, as far as results of commits go.

Paths, fields, values and limits are those of Atlassian's REST references, looked up on 2026-11-27
(developer.atlassian.com: Cloud, groups “commit statuses” and “reports”; Data Center 10,
“Builds and Deployments”): a status or report of the same key replaces the former one, a key has at
most 40 characters in Cloud, a report at most 10 figures there and 6 in Data Center.
"""

from __future__ import annotations

import re
from typing import Any

from tests.practice.code_hosts.fake_host import COMMIT, REPOSITORY, FakeHost, Reply, Shown

TYPES = {"BOOLEAN", "DATE", "DURATION", "LINK", "NUMBER", "PERCENTAGE", "TEXT"}
STATES = {"SUCCESSFUL", "FAILED", "INPROGRESS", "STOPPED"}


class FakeBitbucket(FakeHost):
    kind = "bitbucket"
    base = "/2.0"
    repository = f"/repositories/{REPOSITORY}"
    commit = f"/repositories/{REPOSITORY}/commit/{COMMIT}"
    report_path = rf"{commit}/reports/([^/]{{1,40}})"
    status_path = f"{commit}/statuses/build"
    verdicts = ("PASSED", "FAILED")
    most_figures = 10
    created: Reply = (201, {})

    def forget(self) -> None:
        self.statuses: dict[str, dict[str, Any]] = {}
        self.reports: dict[str, dict[str, Any]] = {}

    def read(self, path: str, query: dict[str, str]) -> Reply:
        return (200, {"full_name": REPOSITORY}) if path == self.repository else (404, {})

    def write(self, method: str, path: str, body: Any) -> Reply:
        if method == "PUT" and (match := re.fullmatch(self.report_path, path)):
            if problem := self.report_problem(body):
                return 400, {"error": {"message": problem}}
            self.reports[match[1]] = body
            return 200, body
        if method == "POST" and path == self.status_path:
            if not 0 < len(body["key"]) <= 40 or body["state"] not in STATES or not body["url"]:
                return 400, {"error": {"message": "Bad status"}}
            self.statuses[body["key"]] = body
            return self.created
        return 404, {"error": {"message": "No such commit"}}

    def report_problem(self, body: dict[str, Any]) -> str:
        if not body["title"] or len(body["title"]) > 450 or len(body["details"]) > 2000:
            return "title and details"
        if body["result"] not in self.verdicts or body.get("report_type", "TEST") != "TEST":
            return "result"
        if len(body["data"]) > self.most_figures:
            return "too much data"
        return "" if all(row["type"] in TYPES and row["title"] for row in body["data"]) else "data"

    def shown(self) -> list[Shown]:
        found = []
        for key, status in self.statuses.items():
            passed = status["state"] == "SUCCESSFUL"
            # The report and the status never contradict each other.
            assert self.reports[key]["result"] == self.verdicts[0 if passed else 1]
            assert status["description"] in self.reports[key]["details"]
            found.append(Shown(passed, status["name"], status["description"], status["url"]))
        return found


class FakeBitbucketServer(FakeBitbucket):
    kind = "bitbucket-server"
    base = "/rest"
    repository = "/api/latest/projects/example/repos/shop"
    commit = f"projects/example/repos/shop/commits/{COMMIT}"
    report_path = rf"/insights/latest/{commit}/reports/([^/]+)"
    status_path = f"/api/latest/{commit}/builds"
    verdicts = ("PASS", "FAIL")
    most_figures = 6
    created: Reply = (204, None)

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "repositories": "example/*"}
