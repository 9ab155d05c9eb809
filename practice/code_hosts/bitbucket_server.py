"""Bitbucket Data Center: a build status and a Code Insights report of a commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from practice.code_hosts.base import CodeHostForm, CommitResult, host_api, quoted
from practice.code_hosts.code_insights import CodeInsightsHost


class BitbucketServerForm(CodeHostForm):
    url = forms.URLField(label=_("Address"), max_length=300, assume_scheme="https")


class BitbucketServer(CodeInsightsHost):
    kind = "bitbucket-server"
    title = "Bitbucket Data Center"
    access = _("An HTTP access token of the project or repository: repository write.")
    SettingsForm = BitbucketServerForm
    most_figures = 6
    verdicts = ("PASS", "FAIL")

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        headers = {"Authorization": f"Bearer {settings['token']}"}
        self.api = host_api(f"{settings['url']}/rest", headers)

    def path_of(self, repository: str) -> str:
        return f"/api/latest/{_place_of(repository)}"

    def send(self, result: CommitResult) -> None:
        commit = f"{_place_of(result.repository)}/commits/{result.commit}"
        report = self.report_of(result)
        self.api.send("PUT", f"/insights/latest/{commit}/reports/{result.key}", body=report)
        # Last: whoever waits for the status finds the report, too.
        self.api.send("POST", f"/api/latest/{commit}/builds", body=self.status_of(result))


def _place_of(repository: str) -> str:
    project, _, name = repository.partition("/")
    return f"projects/{quoted(project)}/repos/{quoted(name)}"
