from __future__ import annotations

from typing import Any

from incidents.history_import import time_of
from incidents.severities import severity_in_labels
from kb.importers.base import (
    CannotImport,
    ImportedIncident,
    JsonImporter,
    first_value,
    objects_in,
    text_value,
)


class GitHubImporter(JsonImporter):
    """Issues as incidents: answers of GET /issues, or of `gh issue list --json …`.

    Labels such as `sev1`, `service:orders-db` and `cause:expired certificate` are read.
    """

    kind = "github"
    title = "GitHub issues"
    accepts = "a .json file of issues"

    lists = (
        "items",
        "issues",
    )

    def record(self, row: dict[str, Any]) -> ImportedIncident:
        if row.get("pull_request"):
            raise CannotImport("it is a pull request, not an issue")
        labels = row.get("labels")
        names = [
            text_value(each.get("name") if isinstance(each, dict) else each)
            for each in (labels if isinstance(labels, list) else [])
        ]

        def named(prefix: str) -> list[str]:
            return [label.split(":", 1)[1].strip() for label in names if label.startswith(prefix)]

        url = text_value(first_value(row, "html_url", "url"))
        return ImportedIncident(
            external_id=text_value(first_value(row, "node_id", "id"))
            or url
            or text_value(row.get("number")),
            title=text_value(row.get("title")),
            symptom=text_value(row.get("body")),
            severity=severity_in_labels(names),
            impact_started_at=time_of("created_at", first_value(row, "created_at", "createdAt")),
            resolved_at=time_of("closed_at", first_value(row, "closed_at", "closedAt")),
            services=named("service:"),
            causes=[(cause, "") for cause in named("cause:")],
            external_url=url,
            updates=[
                (
                    at,
                    text_value(first_value(each, "author.login", "user.login")),
                    text_value(each.get("body")),
                )
                for each in objects_in(row.get("comments"))
                if (at := time_of("comments", first_value(each, "created_at", "createdAt")))
            ],
        )
