"""GitLab: a commit status, which its pipelines show as an external job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import listed, text
from practice.code_hosts.base import (
    CodeHostForm,
    CodeHostPlugin,
    CommitResult,
    clipped,
    host_api,
)


class GitLabForm(CodeHostForm):
    url = forms.URLField(
        label=_("Address"), initial="https://gitlab.com", max_length=300, assume_scheme="https"
    )


class GitLab(CodeHostPlugin):
    kind = "gitlab"
    title = "GitLab"
    access = _("A project or group access token with the scope api, role Developer.")
    SettingsForm = GitLabForm

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.api = host_api(f"{settings['url']}/api/v4", {"PRIVATE-TOKEN": settings["token"]})

    def path_of(self, repository: str) -> str:
        return f"/projects/{quote(repository, safe='')}"

    def send(self, result: CommitResult) -> None:
        path = self.path_of(result.repository)
        name = clipped(result.name, 255)
        status = {
            "state": "success" if result.passed else "failed",
            "name": name,
            "description": clipped(result.summary, 255),
            "target_url": result.link,
        }
        # A finished status is not changed there: a second one would be one more job.
        known = self.api.get(f"{path}/repository/commits/{result.commit}/statuses", {"name": name})
        if any(_sent(row) == status for row in listed(known)):
            return
        self.api.send("POST", f"{path}/statuses/{result.commit}", body=status)


def _sent(row: Any) -> dict[str, str]:
    """A status as it is sent; GitLab calls its state “status” when it shows it."""
    return {
        "state": text(row, "status", 50),
        "name": text(row, "name"),
        "description": text(row, "description"),
        "target_url": text(row, "target_url", 500),
    }
