"""The contract of trackers: an action item becomes an issue there, and its state comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import json_of
from common.signing import NotAuthentic, Scheme, SignedRequest
from kb.remote_api import NotFound, RemoteError, RemoteForm

IssueState = Literal["open", "done", "dropped", "moved"]
"""“dropped” is closed without being done; “moved” is closed because another issue replaces it."""
LONGEST_TITLE = 250
"""Characters; the shortest limit of all trackers is 255."""
UNSIGNED = "This tracker has no webhook secret: enter the one that is set there."


class IssueMissing(RemoteError):
    """The issue was deleted, or the token may not see it any more."""


class NotOurs(Exception):
    """A reference that leads to no issue of this tracker; the message says what would."""


@dataclass(frozen=True)
class IssueDraft:
    """What a new issue says: `paragraphs` of a label and Markdown, `links` of a label and address.

    `mark` is a UUID of this action alone: a tracker that has an issue with it gets no second one.
    No such issue is older than `since`.
    """

    mark: str
    title: str
    since: datetime
    paragraphs: Sequence[tuple[str, str]] = ()
    links: Sequence[tuple[str, str]] = ()
    due_on: date | None = None

    @property
    def label(self) -> str:
        """The mark as a word that a tracker can search for."""
        return f"causebook-{self.mark.replace('-', '')}"

    @property
    def title_line(self) -> str:
        return " ".join(self.title.split())[:LONGEST_TITLE]

    def markdown(self) -> str:
        """Its text with the mark, which nobody sees. It notifies nobody and gives no command."""
        parts = [f"**{label}:** {harmless(words)}" for label, words in self.paragraphs]
        parts += [f"**{label}:** {url}" for label, url in self.links]
        return "\n\n".join([*parts, f"<!-- {self.label} -->"])


def harmless(words: str) -> str:
    """Markdown without mentions of people, and without lines that GitLab takes for commands."""
    lines = words.replace("@", "@\u200b").splitlines()
    return "\n".join(
        "\\" + line.lstrip() if line.lstrip().startswith("/") else line for line in lines
    )


@dataclass(frozen=True)
class TrackerIssue:
    """An issue as the tracker has it now.

    The API finds it by `id`, people call it `key`; `status` is the tracker's own word, such as
    “In Review”.
    """

    id: str
    key: str
    title: str
    url: str
    state: IssueState
    status: str
    updated_at: datetime


class TrackerForm(RemoteForm):
    """Settings that every tracker has; a subclass adds its own."""

    secret_fields = ("token", "webhook_secret")
    webhook_secret = forms.CharField(
        label=_("Webhook secret"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput,
        help_text=_("The same as in the webhook there. Without one, states are polled only."),
    )


class TrackerPlugin:
    """Base of the plug-ins. All methods that send a request raise RemoteError, nothing else."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    scheme: ClassVar[Scheme]
    """How its webhooks are signed."""
    reference_example: ClassVar[str] = ""
    """How people name an issue of it, for the field's help."""
    SettingsForm: ClassVar[type[TrackerForm]]

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """`settings` are the cleaned data of SettingsForm, secrets included."""
        self.settings = settings

    def read_project(self) -> Any:
        """What the tracker has of the project, if the project and the token are right."""
        raise NotImplementedError

    def probe(self) -> str:
        """A sentence that says that project and token are right."""
        raise NotImplementedError

    @contextmanager
    def in_project(self) -> Iterator[None]:
        """What is not found inside fails for what is wrong with the project, if that is it."""
        try:
            yield
        except NotFound as error:
            self.probe()
            raise RemoteError(str(error), detail=error.detail) from error

    @contextmanager
    def of_issue(self) -> Iterator[None]:
        """What is not found inside is a missing issue, if the project is there."""
        try:
            yield
        except NotFound as error:
            self.read_project()
            raise IssueMissing(str(error)) from error

    def id_of(self, reference: str) -> str:
        """The id for `fetch` of a key or address that somebody wrote. Sends nothing.

        Raises NotOurs for what is not in the project of the settings.
        """
        raise NotImplementedError

    def find_marked(self, draft: IssueDraft) -> TrackerIssue | None:
        """The issue that was created of this draft before."""
        raise NotImplementedError

    def create(self, draft: IssueDraft) -> TrackerIssue:
        raise NotImplementedError

    def fetch(self, issue_id: str) -> TrackerIssue:
        """The issue as it is, wherever it was moved to. Raises IssueMissing too."""
        raise NotImplementedError

    def close(self, issue_id: str, *, dropped: bool) -> TrackerIssue:
        """Close it as done, or as not to be done; the issue afterwards. Raises IssueMissing."""
        raise NotImplementedError

    def reopen(self, issue_id: str) -> TrackerIssue:
        """The issue afterwards. Raises IssueMissing too."""
        raise NotImplementedError

    def verify(self, request: SignedRequest, secret: str) -> None:
        """Return if the webhook is from the tracker. Raises NotAuthentic or BadPayload."""
        if not secret:
            raise NotAuthentic(UNSIGNED)
        self.scheme.check(request, [secret])

    def changed_ids(self, headers: Mapping[str, str], body: bytes) -> Sequence[str]:
        """The ids of the issues that a verified webhook is about. Raises BadPayload.

        Nothing else of it is believed: the issue is fetched. So one that comes twice, late or in
        another order does no harm.
        """
        return self.ids_in(headers, json_of(body))

    def ids_in(self, headers: Mapping[str, str], data: Any) -> Sequence[str]:
        raise NotImplementedError


def path_below(reference: str, base: str) -> str | None:
    """The path of an address below the one of the settings; None if it is not below it."""
    given, ours = urlsplit(reference.strip()), urlsplit(base)
    same = (given.scheme, given.netloc.lower()) == (ours.scheme, ours.netloc.lower())
    root = ours.path.rstrip("/") + "/"
    if not same or not given.path.startswith(root):
        return None
    return given.path.removeprefix(root).strip("/")
