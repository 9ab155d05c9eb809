"""GitLab: issues of one project."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text
from common.signing import SignedRequest, StandardWebhook, Token
from kb.remote_api import JsonApi, required, required_time
from kb.trackers.base import (
    IssueDraft,
    IssueMissing,
    IssueState,
    TrackerForm,
    TrackerIssue,
)
from kb.trackers.numbered import PAGE, NumberedTracker

PROJECT = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}){1,20}"
_ID = re.compile(r"(.{1,300})#([0-9]{1,12})", re.ASCII)
_PAGE = re.compile(r"(.{1,300}?)(?:/-)?/(?:issues|work_items)/([0-9]{1,12})", re.ASCII)


class GitLabForm(TrackerForm):
    url = forms.URLField(
        label=_("Address"), initial="https://gitlab.com", max_length=300, assume_scheme="https"
    )
    project = forms.RegexField(
        rf"^{PROJECT}$", label=_("Path of the project"), help_text=_("Such as example/shop.")
    )


class GitLab(NumberedTracker):
    kind = "gitlab"
    title = "GitLab"
    scheme = Token("x-gitlab-token")
    signed = StandardWebhook()
    """Of webhooks with a signing token, which newer versions have."""
    SettingsForm = GitLabForm
    id_pattern, page_pattern = _ID, _PAGE
    issues = "-/issues"
    body = ("description", 1_100_000)

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.project: str = settings["project"]
        self.web: str = settings["url"].rstrip("/")
        self.api = JsonApi(f"{self.web}/api/v4", {"PRIVATE-TOKEN": settings["token"]})

    def probe(self) -> str:
        data = self.read_project()
        return gettext("The project “%(name)s” can be read.") % {
            "name": text(data, "name_with_namespace") or self.project
        }

    def read_project(self) -> Any:
        return self.api.get_existing(
            f"/projects/{_quoted(self.project)}",
            f"project {self.project}, or the token may not see it. Check the path of the project "
            "in the tracker's settings.",
        )

    def newest_issues(self, since: str, page: int) -> Any:
        params = {
            "created_after": since, "order_by": "created_at", "sort": "desc", "scope": "all",
            "per_page": PAGE, "page": page,
        }  # fmt: skip
        with self.in_project():
            return self.api.get(f"/projects/{_quoted(self.project)}/issues", params)

    def create(self, draft: IssueDraft) -> TrackerIssue:
        body = {"title": draft.title_line, "description": draft.markdown()}
        if draft.due_on:
            body["due_date"] = draft.due_on.isoformat()
        path = f"/projects/{_quoted(self.project)}/issues"
        with self.in_project():
            return self.issue_of(self.api.send("POST", path, body=body).data)

    def fetch(self, issue_id: str) -> TrackerIssue:
        return self.issue_of(self._of_issue("GET", issue_id))

    def _of_issue(self, method: str, issue_id: str, body: Any = None) -> Any:
        match = _ID.fullmatch(issue_id)
        if match is None:
            raise IssueMissing(f"“{issue_id}” names no issue.")
        path = f"/projects/{_quoted(match[1])}/issues/{match[2]}"
        with self.of_issue():
            return self.api.send(method, path, body=body).data

    def issue_of(self, data: Any) -> TrackerIssue:
        number = required(data, "iid", self.api, 20)
        # The number of the project stays when the project is renamed.
        project = required(data, "project_id", self.api, 20)
        path = text(data, "references.full", 400).rpartition("#")[0] or self.project
        return TrackerIssue(
            id=f"{project}#{number}",
            key=f"{path}#{number}",
            title=text(data, "title") or f"{path}#{number}",
            url=f"{self.web}/{quote(path)}/-/issues/{number}",
            state=_state(data),
            status=text(data, "state", 50).capitalize(),
            updated_at=required_time(data, "updated_at", self.api),
        )

    def close(self, issue_id: str, *, dropped: bool) -> TrackerIssue:
        return self.issue_of(self._of_issue("PUT", issue_id, {"state_event": "close"}))

    def reopen(self, issue_id: str) -> TrackerIssue:
        return self.issue_of(self._of_issue("PUT", issue_id, {"state_event": "reopen"}))

    def verify(self, request: SignedRequest, secret: str) -> None:
        if secret and self.signed.is_used(request):
            self.signed.check(request, [secret])
            return
        super().verify(request, secret)

    def ids_in(self, headers: Mapping[str, str], data: Any) -> Sequence[str]:
        if text(data, "object_kind") not in ("issue", "work_item"):
            return []
        number = text(data, "object_attributes.iid", 20)
        project = text(data, "project.id", 20)
        return [f"{project}#{number}"] if project and number else []


def _quoted(project: str) -> str:
    return quote(project, safe="")


def _state(data: Any) -> IssueState:
    """One that was moved is closed where it was, with the id of its copy."""
    if dig(data, "moved_to_id") is not None:
        return "moved"
    return "done" if text(data, "state") == "closed" else "open"
