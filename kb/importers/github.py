from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from incidents.severities import severity_in_labels, severity_named
from kb.importers.base import (
    CannotImport,
    ImportedIncident,
    JsonImporter,
    first_value,
    objects_in,
    text_value,
)
from kb.importers.postmortem_text import read_report
from kb.importers.report_fields import read_labels, read_sections

_SEPARATED = re.compile(r"([\w -]{0,40})(::|[:/=])?(.*)", re.DOTALL)
_SERVICE = ("service", "services", "svc", "affected service", "affects", "component")
_CAUSE = ("cause", "root cause", "root-cause", "rootcause", "rootcause type")


class GitHubImporter(JsonImporter):
    """Issues as incidents: answers of GET /issues, or of `gh issue list --json …`.

    Labels such as `sev-1`, `severity: high`, `Service: orders-db` and `cause:expired certificate`
    are read, and the sections of the description.
    """

    kind = "github"
    title = "GitHub issues"
    accepts = _("a .json file of issues")

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

        url = text_value(first_value(row, "html_url", "url"))
        record = ImportedIncident(
            external_id=text_value(first_value(row, "node_id", "id"))
            or url
            or text_value(row.get("number")),
            title=text_value(row.get("title")),
            symptom=text_value(row.get("body")),
            severity=worst_of(names),
            impact_started_at=self.time("created_at", first_value(row, "created_at", "createdAt")),
            resolved_at=self.time("closed_at", first_value(row, "closed_at", "closedAt")),
            status=text_value(row.get("state")) or ("closed" if _is_closed(row) else "open"),
            services=values_of(names, _SERVICE),
            mentions=names,
            causes=[(cause, "") for cause in values_of(names, _CAUSE)],
            external_url=url,
            updates=[
                (
                    at,
                    text_value(first_value(each, "author.login", "user.login")),
                    text_value(each.get("body")),
                )
                for each in objects_in(row.get("comments"))
                if (at := self.time("comments", first_value(each, "created_at", "createdAt")))
            ],
        )
        report = read_report(record.symptom)
        read_labels(record, report)
        read_sections(record, report, self.options.order)
        return record


def values_of(labels: list[str], words: tuple[str, ...]) -> list[str]:
    """The values of labels such as “Service: search”, “service/search” or “svc::search”.

    >>> values_of(["Service: search", "kind/bug"], ("service",))
    ['search']
    """
    found = []
    for label in labels:
        word, separator, value = _SEPARATED.match(label).groups()  # type: ignore[union-attr]
        if separator and value and word.strip().lower() in words:
            found.append(value.strip())
    return found


def worst_of(labels: list[str]) -> str:
    """The label that rates highest, of those that rate."""
    rating = [label for label in labels if severity_in_labels([label])]
    return min(rating, key=lambda label: severity_named(label) or "SEV9", default="")


def _is_closed(row: dict[str, Any]) -> bool:
    return bool(first_value(row, "closed_at", "closedAt"))
