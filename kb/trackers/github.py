"""GitHub, and GitHub Enterprise: issues of one repository."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext

from common.payloads import text
from common.signing import Hmac
from kb.github_api import GitHubFields, github_api, read_repository, web_address_of
from kb.remote_api import RemoteError, required, required_time
from kb.trackers.base import (
    IssueDraft,
    IssueMissing,
    IssueState,
    TrackerForm,
    TrackerIssue,
    path_below,
)
from kb.trackers.numbered import PAGE, NumberedTracker

_ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})#([0-9]{1,12})", re.ASCII)
_PAGE = re.compile(r"([^/]{1,40}/[^/]{1,100})/issues/([0-9]{1,12})", re.ASCII)
REDIRECTS = (301, 307, 308)


class GitHubForm(GitHubFields, TrackerForm):
    pass


class GitHub(NumberedTracker):
    kind = "github"
    title = "GitHub"
    scheme = Hmac("x-hub-signature-256", prefix="sha256=")
    SettingsForm = GitHubForm
    id_pattern, page_pattern = _ID, _PAGE
    issues = "issues"
    body = ("body", 100_000)

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.project: str = settings["repository"]
        self.web = web_address_of(settings["url"])
        self.api = github_api(settings)

    def probe(self) -> str:
        data = self.read_project()
        if not data.get("has_issues", True):
            raise RemoteError(f"Issues are switched off in {self.project}: switch them on.")
        return gettext("The repository %(name)s can be read.") % {
            "name": text(data, "full_name") or self.project
        }

    def read_project(self) -> Any:
        return read_repository(self.api, self.project)

    def newest_issues(self, since: str, page: int) -> Any:
        params = {
            "state": "all", "sort": "created", "direction": "desc", "per_page": PAGE,
            "since": since, "page": page,
        }  # fmt: skip
        with self.in_project():
            return self.api.get(f"/repos/{self.project}/issues", params)

    def is_issue(self, row: Any) -> bool:
        return "pull_request" not in row

    def create(self, draft: IssueDraft) -> TrackerIssue:
        body = {"title": draft.title_line, "body": draft.markdown()}
        with self.in_project():
            made = self.api.send("POST", f"/repos/{self.project}/issues", body=body).data
        return self.issue_of(made)

    def fetch(self, issue_id: str) -> TrackerIssue:
        return self.issue_of(self._of_issue("GET", issue_id))

    def _of_issue(self, method: str, issue_id: str, body: Any = None) -> Any:
        """The issue, also where it was transferred to, as far as the token may see it."""
        match = _ID.fullmatch(issue_id)
        if match is None:
            raise IssueMissing(f"“{issue_id}” names no issue.")
        path = f"/repos/{match[1]}/issues/{match[2]}"
        with self.of_issue():
            for _ in range(3):
                answer = self.api.send(method, path, body=body, also=REDIRECTS)
                if answer.status < 300:
                    return answer.data
                path = self._path_of(answer.headers.get("location", ""))
        raise IssueMissing(f"{self.api.host} sends from one place of the issue to the next.")

    def _path_of(self, location: str) -> str:
        """Where an issue was transferred to, if that is below the address of the settings."""
        path = path_below(location, self.api.base)
        if path is None or urlsplit(location).query:
            raise IssueMissing("The issue was moved to where this token does not lead.")
        return f"/{path}"

    def issue_of(self, data: Any) -> TrackerIssue:
        number = required(data, "number", self.api, 20)
        # The address of the API is the only place that names the repository in every answer.
        place = path_below(text(data, "repository_url", 500), self.api.base) or ""
        repository = place.removeprefix("repos/") if place else self.project
        key = f"{repository}#{number}"
        if not _ID.fullmatch(key):
            raise self.api.odd()
        return TrackerIssue(
            id=key,
            key=key,
            title=text(data, "title") or key,
            url=f"{self.web}/{repository}/issues/{number}",
            state=_state(data),
            status=_status(data),
            updated_at=required_time(data, "updated_at", self.api),
        )

    def close(self, issue_id: str, *, dropped: bool) -> TrackerIssue:
        reason = "not_planned" if dropped else "completed"
        body = {"state": "closed", "state_reason": reason}
        return self.issue_of(self._of_issue("PATCH", issue_id, body))

    def reopen(self, issue_id: str) -> TrackerIssue:
        body = {"state": "open", "state_reason": "reopened"}
        return self.issue_of(self._of_issue("PATCH", issue_id, body))

    def ids_in(self, headers: Mapping[str, str], data: Any) -> Sequence[str]:
        if headers.get("x-github-event") != "issues":
            return []
        repository, number = text(data, "repository.full_name"), text(data, "issue.number", 20)
        return [f"{repository}#{number}"] if repository and number else []


def _state(data: Any) -> IssueState:
    if text(data, "state") != "closed":
        return "open"
    return "dropped" if text(data, "state_reason") in ("not_planned", "duplicate") else "done"


def _status(data: Any) -> str:
    """“Closed (not planned)”, as its page says it."""
    state = text(data, "state", 50).capitalize()
    reason = text(data, "state_reason", 50).replace("_", " ")
    return f"{state} ({reason})" if state == "Closed" and reason else state
