"""GitHub, and GitHub Enterprise: a commit status.

Check runs are for GitHub Apps alone; branch protection takes a status as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import listed, text
from kb.github_api import PUBLIC, github_api
from kb.remote_api import NotFound
from practice.code_hosts.base import (
    NOUN,
    RIGHTS,
    CodeHostForm,
    CodeHostPlugin,
    CommitResult,
    clipped,
    quoted,
)

LONGEST_DESCRIPTION = 140
UNKNOWN_COMMIT = "No commit found"


class GitHubForm(CodeHostForm):
    url = forms.URLField(
        label=_("Address of the API"),
        initial=PUBLIC,
        max_length=300,
        assume_scheme="https",
        help_text=_("https://github.example.com/api/v3 for GitHub Enterprise Server."),
    )


class GitHub(CodeHostPlugin):
    kind = "github"
    title = "GitHub"
    access = _("A fine-grained token for the repositories: Commit statuses, read and write.")
    SettingsForm = GitHubForm

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.api = github_api(settings, noun=NOUN, rights=RIGHTS)

    def path_of(self, repository: str) -> str:
        return f"/repos/{quoted(repository)}"

    def send(self, result: CommitResult) -> None:
        path = self.path_of(result.repository)
        status = {
            "state": "success" if result.passed else "failure",
            "context": clipped(result.name, 255),
            "description": clipped(result.summary, LONGEST_DESCRIPTION),
            "target_url": result.link,
        }
        if status in self._statuses(f"{path}/commits/{result.commit}/status"):
            return
        answer = self.api.send("POST", f"{path}/statuses/{result.commit}", body=status, also=(422,))
        if answer.status == 422:
            error = self.api.error_of(answer)
            if UNKNOWN_COMMIT in text(answer.data, "message"):
                raise NotFound(str(error), detail=error.detail)
            raise error

    def _statuses(self, path: str) -> list[dict[str, str]]:
        """The newest of each context, as they are sent. A second one would be one more row."""
        names = ("state", "context", "description", "target_url")
        found = self.api.send("GET", path, params={"per_page": 100}, also=(422,)).data
        return [{name: text(row, name, 500) for name in names} for row in listed(found, "statuses")]
