"""GitHub, and GitHub Enterprise: a Markdown file in a pull request."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, text
from kb.github_api import GitHubFields, github_api, read_repository, web_address_of
from kb.publishers.base import NOUN, RIGHTS, Copy, Document, Publisher, PublisherForm
from kb.remote_api import NotFound, RemoteError, required

_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,200}"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


class GitHubForm(GitHubFields, PublisherForm):
    branch = forms.RegexField(
        f"^{_NAME}$", label=_("Branch"), required=False,
        help_text=_("Into which pull requests go. Empty for the default branch."),
    )  # fmt: skip
    folder = forms.RegexField(
        f"^{_NAME}$", label=_("Folder"), required=False, initial="postmortems"
    )

    def clean_folder(self) -> str:
        folder: str = self.cleaned_data["folder"].strip("/")
        if ".." in folder.split("/"):
            raise forms.ValidationError(_("Name a folder of the repository."))
        return folder


class GitHub(Publisher):
    """REST API 2022-11-28, https://docs.github.com/rest (contents, git refs, pulls), read on
    2026-11-27. The id of a copy is the path of its file; its branch has the number in its name.
    """

    kind = "github"
    title = "GitHub pull request"
    SettingsForm = GitHubForm

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.repository: str = settings["repository"]
        self.root = f"/repos/{self.repository}"
        self.api = github_api(settings, noun=NOUN, rights=RIGHTS)
        self.web = f"{web_address_of(settings['url'])}/{self.repository}"

    def probe(self) -> str:
        name = text(read_repository(self.api, self.repository), "full_name") or self.repository
        return gettext("The repository %(name)s can be read.") % {"name": name}

    def publish(self, document: Document, known: str) -> Copy:
        base = self.settings.get("branch") or required(
            read_repository(self.api, self.repository), "default_branch", self.api
        )
        path = known or self._path(document)
        wanted = f"# {document.title}\n\n{document.markdown}"
        if self._file(path, base)[1] == wanted:
            return Copy(path, f"{self.web}/blob/{quote(base)}/{quote(path)}")
        branch = f"causebook/postmortem-{document.number}"
        number = self._open_request(branch, base)
        self._start_branch(branch, base, renew=not number)
        self._write(document, path, branch, wanted)
        return Copy(path, f"{self.web}/pull/{number or self._request(document, branch, base)}")

    def _path(self, document: Document) -> str:
        words = _NOT_IN_NAMES.sub("-", document.title.lower()).strip("-")[:60].strip("-")
        name = f"{document.number}-{words}.md" if words else f"{document.number}.md"
        folder = self.settings.get("folder")
        return f"{folder}/{name}" if folder else name

    def _file(self, path: str, branch: str) -> tuple[str, str]:
        """Digest and text of a file on a branch; both empty if there is none."""
        try:
            data = self.api.get(f"{self.root}/contents/{quote(path)}", {"ref": branch})
        except NotFound:
            return "", ""
        content = dig(data, "content")
        try:
            body = base64.b64decode(content).decode() if isinstance(content, str) else ""
        except ValueError:
            body = ""
        return text(data, "sha", 100), body

    def _open_request(self, branch: str, base: str) -> str:
        """The number of the open pull request of the branch; empty if there is none."""
        owner = self.repository.partition("/")[0]
        params = {"head": f"{owner}:{branch}", "base": base, "state": "open"}
        found = self.api.get(f"{self.root}/pulls", params)
        return required(found, "0.number", self.api, 20) if found else ""

    def _start_branch(self, branch: str, base: str, *, renew: bool) -> None:
        """Have the branch; with `renew` one that is left of a closed pull request begins anew."""
        try:
            self.api.get(f"{self.root}/git/ref/heads/{quote(branch)}")
            exists = True
        except NotFound:
            exists = False
        if exists and not renew:
            return
        newest = self.api.get_existing(
            f"{self.root}/git/ref/heads/{quote(base)}",
            f"branch {base} in {self.repository}. Check the branch in the target's settings.",
        )
        sha = required(newest, "object.sha", self.api, 100)
        if exists:
            address = f"{self.root}/git/refs/heads/{quote(branch)}"
            self.api.send("PATCH", address, body={"sha": sha, "force": True})
        else:
            body = {"ref": f"refs/heads/{branch}", "sha": sha}
            self.api.send("POST", f"{self.root}/git/refs", body=body)

    def _write(self, document: Document, path: str, branch: str, wanted: str) -> None:
        sha, body = self._file(path, branch)
        if body == wanted:
            return
        sent = {
            "message": document.heading, "branch": branch,
            "content": base64.b64encode(wanted.encode()).decode(), **({"sha": sha} if sha else {}),
        }  # fmt: skip
        self.api.send("PUT", f"{self.root}/contents/{quote(path)}", body=sent)

    def _request(self, document: Document, branch: str, base: str) -> str:
        body = f"{document.url}\n\nWritten there; edits of this file are replaced."
        sent = {"title": document.heading, "head": branch, "base": base, "body": body}
        made = self.api.send("POST", f"{self.root}/pulls", body=sent, also=(422,))
        if made.status == 422:
            raise RemoteError(f"{self.api.host} accepts no pull request.", passing=True)
        return required(made.data, "number", self.api, 20)
