"""Jira Cloud, and Jira Data Center: issues of one project.

API version 2, which both have and which takes text instead of documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text
from common.signing import Hmac
from kb.atlassian_api import JiraFields, atlassian_api, is_cloud
from kb.remote_api import RemoteError, required, required_time
from kb.trackers.base import (
    IssueDraft,
    IssueState,
    NotOurs,
    TrackerForm,
    TrackerIssue,
    TrackerPlugin,
    path_below,
)

FIELDS = "summary,status,resolution,updated"
NOT_DONE = frozenset(
    {
        "abandoned", "canceled", "cancelled", "cannot reproduce", "declined", "duplicate",
        "incomplete", "invalid", "obsolete", "rejected", "won't do", "won't fix", "wont do",
        "wont fix",
    }
)  # fmt: skip
"""Names of resolutions and statuses that say that nothing was done."""
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]{1,49})-([0-9]{1,12})", re.ASCII)
_MARKED = re.compile(r"([\\{}\[\]*_|!~^+#])")


class JiraForm(JiraFields, TrackerForm):
    project = forms.RegexField(
        r"^[A-Z][A-Z0-9_]{1,49}$",
        label=_("Key of the project"),
        help_text=_("Such as OPS: what issues begin with."),
    )
    issue_type = forms.CharField(label=_("Type of new issues"), max_length=100, initial="Task")
    field_order = ("url", "project", "issue_type", "email")


class Jira(TrackerPlugin):
    kind = "jira"
    title = "Jira"
    scheme = Hmac("x-hub-signature", prefix="sha256=")
    reference_example = "OPS-7"
    SettingsForm = JiraForm

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.is_cloud = is_cloud(settings)
        self.api = atlassian_api(settings)

    def probe(self) -> str:
        project = self.read_project()
        return gettext("The project “%(name)s” can be read.") % {
            "name": text(project, "name") or self.settings["project"]
        }

    def read_project(self) -> Any:
        project = self.settings["project"]
        return self.api.get_existing(
            f"/rest/api/2/project/{quote(project)}",
            f"project {project}, or the account may not see it. Check the key of the project in "
            "the tracker's settings.",
        )

    def id_of(self, reference: str) -> str:
        key = reference.strip()
        if "://" in key:
            path = path_below(key, self.settings["url"]) or ""
            key = path.removeprefix("browse/") if path.startswith("browse/") else ""
        found = _KEY.fullmatch(key)
        project = self.settings["project"]
        if not found or found[1].upper() != project:
            raise NotOurs(
                f"Name an issue of {project}: {project}-7, or "
                f"{self.settings['url'].rstrip('/')}/browse/{project}-7."
            )
        return f"{project}-{int(found[2])}"

    def find_marked(self, draft: IssueDraft) -> TrackerIssue | None:
        # Both are checked by the form, or made of hexadecimal digits.
        jql = f'project = "{self.settings["project"]}" AND labels = "{draft.label}"'
        path = "/rest/api/2/search/jql" if self.is_cloud else "/rest/api/2/search"
        data = self.api.get(path, {"jql": jql, "fields": FIELDS, "maxResults": 1})
        found = dig(data, "issues")
        if not isinstance(found, list):
            raise self.api.odd()
        return self._issue(found[0]) if found else None

    def create(self, draft: IssueDraft) -> TrackerIssue:
        fields = {
            "project": {"key": self.settings["project"]},
            "issuetype": {"name": self.settings["issue_type"]},
            "summary": draft.title_line,
            "description": wiki_text(draft),
            "labels": [draft.label],
        }
        with self.in_project():
            made = self.api.send("POST", "/rest/api/2/issue", body={"fields": fields}).data
        return self.fetch(required(made, "id", self.api))

    def fetch(self, issue_id: str) -> TrackerIssue:
        return self._issue(self._of_issue("GET", issue_id, "", params={"fields": FIELDS}))

    def _of_issue(self, method: str, issue_id: str, path: str, **options: Any) -> Any:
        address = f"/rest/api/2/issue/{quote(issue_id, safe='')}{path}"
        with self.of_issue():
            return self.api.send(method, address, **options).data

    def _issue(self, data: Any) -> TrackerIssue:
        key = required(data, "key", self.api, 100)
        return TrackerIssue(
            id=required(data, "id", self.api, 100),
            key=key,
            title=text(data, "fields.summary") or key,
            url=f"{self.api.base}/browse/{quote(key)}",
            state=_state(data),
            status=text(data, "fields.status.name", 100),
            updated_at=required_time(data, "fields.updated", self.api),
        )

    def close(self, issue_id: str, *, dropped: bool) -> TrackerIssue:
        def rank(transition: Any) -> int:
            return (text(transition, "to.name").lower() in NOT_DONE) != dropped

        return self._transition(issue_id, ("done",), rank, "closes it")

    def reopen(self, issue_id: str) -> TrackerIssue:
        def rank(transition: Any) -> int:
            return _category(transition, "to") != "new"

        return self._transition(issue_id, ("new", "indeterminate"), rank, "opens it again")

    def _transition(
        self, issue_id: str, categories: tuple[str, ...], rank: Any, what: str
    ) -> TrackerIssue:
        """Take the best transition to a status of these categories."""
        data = self._of_issue("GET", issue_id, "/transitions")
        offered = dig(data, "transitions")
        if not isinstance(offered, list):
            raise self.api.odd()
        fitting = [each for each in offered if _category(each, "to") in categories]
        if not fitting:
            raise RemoteError(
                f"The workflow of {issue_id} has no transition from its present status that "
                f"{what}, or the account may not use it. Do it in Jira, or let the workflow allow "
                "it."
            )
        best = required(min(fitting, key=rank), "id", self.api, 50)
        self._of_issue("POST", issue_id, "/transitions", body={"transition": {"id": best}})
        return self.fetch(issue_id)

    def ids_in(self, headers: Mapping[str, str], data: Any) -> Sequence[str]:
        found = (text(data, "issue.id", 100), text(data, "issue.key", 100))
        return [each for each in found if each]


def _category(data: Any, path: str) -> str:
    """The key of a status' category: new, indeterminate or done."""
    return text(data, f"{path}.statusCategory.key", 50)


def _state(data: Any) -> IssueState:
    if _category(data, "fields.status") != "done":
        return "open"
    words = {text(data, f"fields.{each}.name").lower() for each in ("resolution", "status")}
    return "dropped" if words & NOT_DONE else "done"


def wiki_text(draft: IssueDraft) -> str:
    """The text of a new issue in Jira's notation, in which nothing that people wrote is mark-up."""
    parts = [f"*{label}:* {_plain(words)}" for label, words in draft.paragraphs]
    parts += [f"*{label}:* {url}" for label, url in draft.links]
    return "\n\n".join(parts)


def _plain(words: str) -> str:
    return _MARKED.sub(r"\\\1", words)
