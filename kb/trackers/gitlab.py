"""GitLab: issues of one project."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django import forms

from common.payloads import dig, listed, text
from common.signing import SignedRequest, StandardWebhook, Token
from kb.trackers.base import (
    IssueDraft,
    IssueMissing,
    IssueState,
    NotFound,
    NotOurs,
    TrackerError,
    TrackerForm,
    TrackerIssue,
    TrackerPlugin,
    path_below,
)
from kb.trackers.http import JsonApi, required, required_time

PROJECT = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}){1,20}"
_ID = re.compile(r"(.{1,300})#([0-9]{1,12})", re.ASCII)
_PAGE = re.compile(r"(.{1,300}?)(?:/-)?/(?:issues|work_items)/([0-9]{1,12})", re.ASCII)
MOST_PAGES = 5
PAGE = 100


class GitLabForm(TrackerForm):
    url = forms.URLField(
        label="Address", initial="https://gitlab.com", max_length=300, assume_scheme="https"
    )
    project = forms.RegexField(
        rf"^{PROJECT}$", label="Path of the project", help_text="Such as example/shop."
    )


class GitLab(TrackerPlugin):
    kind = "gitlab"
    title = "GitLab"
    scheme = Token("x-gitlab-token")
    signed = StandardWebhook()
    """Of webhooks with a signing token, which newer versions have."""
    reference_example = "#7"
    SettingsForm = GitLabForm

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.project: str = settings["project"]
        self.web: str = settings["url"].rstrip("/")
        self.api = JsonApi(f"{self.web}/api/v4", {"PRIVATE-TOKEN": settings["token"]})

    def probe(self) -> str:
        data = self._project()
        return f"The project “{text(data, 'name_with_namespace') or self.project}” can be read."

    def _project(self) -> Any:
        try:
            return self.api.get(f"/projects/{_quoted(self.project)}")
        except NotFound as error:
            raise TrackerError(
                f"{self.api.host} has no project {self.project}, or the token may not see it. "
                "Check the path of the project in the tracker's settings.",
                of_all=True,
                detail=error.detail,
            ) from error

    def id_of(self, reference: str) -> str:
        written = reference.strip()
        if "://" in written:
            found = _PAGE.fullmatch(path_below(written, self.web) or "")
            written = f"{found[1]}#{found[2]}" if found else ""
        elif written.startswith("#"):
            written = self.project + written
        match = _ID.fullmatch(written)
        if not match or match[1].lower() != self.project.lower():
            raise NotOurs(
                f"Name an issue of {self.project}: #7, or {self.web}/{self.project}/-/issues/7."
            )
        return f"{self.project}#{int(match[2])}"

    def find_marked(self, draft: IssueDraft) -> TrackerIssue | None:
        params = {
            "created_after": draft.since.strftime("%Y-%m-%dT%H:%M:%SZ"), "order_by": "created_at",
            "sort": "desc", "scope": "all", "per_page": PAGE,
        }  # fmt: skip
        path = f"/projects/{_quoted(self.project)}/issues"
        for page in range(1, MOST_PAGES + 1):
            rows = listed(self._of_project("GET", path, params={**params, "page": page}))
            for row in rows:
                if draft.label in text(row, "description", 1_100_000):
                    return self._issue(row)
            if len(rows) < PAGE:
                break
        return None

    def _of_project(self, method: str, path: str, **options: Any) -> Any:
        try:
            return self.api.send(method, path, **options).data
        except NotFound as error:
            self._project()
            raise TrackerError(str(error), detail=error.detail) from error

    def create(self, draft: IssueDraft) -> TrackerIssue:
        body = {"title": draft.title_line, "description": draft.markdown()}
        if draft.due_on:
            body["due_date"] = draft.due_on.isoformat()
        path = f"/projects/{_quoted(self.project)}/issues"
        return self._issue(self._of_project("POST", path, body=body))

    def fetch(self, issue_id: str) -> TrackerIssue:
        return self._issue(self._of_issue("GET", issue_id))

    def _of_issue(self, method: str, issue_id: str, body: Any = None) -> Any:
        match = _ID.fullmatch(issue_id)
        if match is None:
            raise IssueMissing(f"“{issue_id}” names no issue.")
        try:
            path = f"/projects/{_quoted(match[1])}/issues/{match[2]}"
            return self.api.send(method, path, body=body).data
        except NotFound as error:
            self._project()
            raise IssueMissing(str(error)) from error

    def _issue(self, data: Any) -> TrackerIssue:
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
        return self._issue(self._of_issue("PUT", issue_id, {"state_event": "close"}))

    def reopen(self, issue_id: str) -> TrackerIssue:
        return self._issue(self._of_issue("PUT", issue_id, {"state_event": "reopen"}))

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
