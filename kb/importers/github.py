from __future__ import annotations

from typing import Any

from incidents.history_import import time_of
from incidents.severities import severity_in_labels
from kb.importers.base import JsonImporter, Record, Refused, first, objects, words


class GitHubImporter(JsonImporter):
    """Issues as incidents: answers of GET /issues, or of `gh issue list --json …`.

    Labels such as `sev1`, `service:orders-db` and `cause:expired certificate` are read.
    """

    kind = "github"
    title = "GitHub issues"
    takes = "a .json file of issues"

    lists = (
        "items",
        "issues",
    )

    def record(self, row: dict[str, Any]) -> Record:
        if row.get("pull_request"):
            raise Refused("it is a pull request, not an issue")
        labels = row.get("labels")
        names = [
            words(each.get("name") if isinstance(each, dict) else each)
            for each in (labels if isinstance(labels, list) else [])
        ]

        def named(prefix: str) -> list[str]:
            return [label.split(":", 1)[1].strip() for label in names if label.startswith(prefix)]

        url = words(first(row, "html_url", "url"))
        return Record(
            external_id=words(first(row, "node_id", "id")) or url or words(row.get("number")),
            title=words(row.get("title")),
            symptom=words(row.get("body")),
            severity=severity_in_labels(names),
            impact_started_at=time_of("created_at", first(row, "created_at", "createdAt")),
            resolved_at=time_of("closed_at", first(row, "closed_at", "closedAt")),
            services=named("service:"),
            causes=[(cause, "") for cause in named("cause:")],
            external_url=url,
            updates=[
                (at, words(first(each, "author.login", "user.login")), words(each.get("body")))
                for each in objects(row.get("comments"))
                if (at := time_of("comments", first(each, "created_at", "createdAt")))
            ],
        )
