"""Bitbucket Cloud: a build status and a Code Insights report of a commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from practice.code_hosts.base import CodeHostForm, CommitResult, host_api, quoted
from practice.code_hosts.code_insights import CodeInsightsHost


class BitbucketForm(CodeHostForm):
    url = forms.URLField(
        label=_("Address of the API"),
        initial="https://api.bitbucket.org/2.0",
        max_length=300,
        assume_scheme="https",
    )
    email = forms.EmailField(
        required=False,
        help_text=_(
            "Of the account, for an API token. Leave empty for an access token of a "
            "repository, project or workspace."
        ),
    )


class Bitbucket(CodeInsightsHost):
    kind = "bitbucket"
    title = "Bitbucket Cloud"
    access = _("An access token of the repository, project or workspace: Repositories, write.")
    SettingsForm = BitbucketForm
    most_figures = 10
    verdicts = ("PASSED", "FAILED")

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        email, token = settings.get("email", ""), settings["token"]
        headers = {} if email else {"Authorization": f"Bearer {token}"}
        self.api = host_api(settings["url"], headers, (email, token) if email else None)

    def path_of(self, repository: str) -> str:
        return f"/repositories/{quoted(repository)}"

    def send(self, result: CommitResult) -> None:
        commit = f"{self.path_of(result.repository)}/commit/{result.commit}"
        report = {**self.report_of(result), "external_id": result.key, "report_type": "TEST"}
        self.api.send("PUT", f"{commit}/reports/{result.key}", body=report)
        # Last: whoever waits for the status finds the report, too.
        self.api.send("POST", f"{commit}/statuses/build", body=self.status_of(result))
