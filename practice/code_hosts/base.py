"""The contract of code hosts: a result becomes a status, and a report, of a commit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.language import Text
from kb.remote_api import JsonApi, NotFound, RemoteError, RemoteForm

__all__ = [
    "NOUN",
    "RIGHTS",
    "CodeHostForm",
    "CodeHostPlugin",
    "CommitResult",
    "Figure",
    "RemoteError",
    "clipped",
    "host_api",
    "names_repository",
    "percent",
    "quoted",
    "repository_name",
]  # fmt: skip

_PART = r"[A-Za-z0-9_~][A-Za-z0-9_.~-]{0,99}"
_NAME = re.compile(rf"{_PART}(?:/{_PART}){{1,9}}", re.ASCII)
_PATTERN = re.compile(rf"{_PART}(?:/{_PART}){{0,9}}/\*", re.ASCII)
_SCP = re.compile(r"[A-Za-z0-9_.-]{1,100}@[A-Za-z0-9_.-]{1,200}:(?!//)", re.ASCII)
WRONG_NAME = "Name the repository as in example/shop, or give its clone address."
MOST_PATTERNS = 200
NOUN, RIGHTS = "code host", "to write commit statuses of the repository"
"""For messages of requests."""

Unit = Literal["ms", "per-second", "share", "count"]
"""“share” is from 0 to 1."""


@dataclass(frozen=True)
class Figure:
    """`usual` is that of earlier runs; None where there are none."""

    label: str
    value: float
    unit: Unit
    usual: float | None = None

    @property
    def value_in_words(self) -> str:
        return _written(self.value, self.unit)

    @property
    def usual_in_words(self) -> str:
        return _written(self.usual, self.unit) if self.usual is not None else ""

    @property
    def in_words(self) -> str:
        usual = f" (usually {self.usual_in_words})" if self.usual is not None else ""
        return f"{self.label} {self.value_in_words}{usual}"


@dataclass(frozen=True)
class CommitResult:
    """What is published of one commit.

    `key` has at most 40 characters; publishing it again replaces what is there. `name` is what
    people see of it. `summary` is one sentence, `figures` are those of the run.
    """

    repository: str
    commit: str
    key: str
    name: str
    passed: bool
    summary: str
    link: str
    figures: Sequence[Figure] = ()

    @property
    def details(self) -> str:
        return "\n".join([self.summary, *(figure.in_words for figure in self.figures)])


def host_api(base: str, headers: Mapping[str, str], auth: tuple[str, str] | None = None) -> JsonApi:
    return JsonApi(base, headers, auth, noun=NOUN, rights=RIGHTS)


class CodeHostForm(RemoteForm):
    """Settings that every host has; a subclass adds its own."""

    last_fields = ("repositories",)
    repositories = forms.CharField(
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        label=_("Repositories"),
        help_text=_(
            "One a line: example/shop, or example/* for all of example. Results of others "
            "are not published here."
        ),
    )

    def clean_repositories(self) -> str:
        lines = [line.strip() for line in self.cleaned_data["repositories"].splitlines()]
        lines = [line for line in lines if line]
        if len(lines) > MOST_PATTERNS:
            raise forms.ValidationError(
                _("At most %(most)s lines: use example/*."), params={"most": MOST_PATTERNS}
            )
        for line in lines:
            if not _NAME.fullmatch(line) and not _PATTERN.fullmatch(line):
                raise forms.ValidationError(
                    _("“%(line)s” is neither example/shop nor example/*."),
                    params={"line": line[:80]},
                )
        return "\n".join(lines)


class CodeHostPlugin:
    """Base of the plug-ins. All methods that send a request raise RemoteError, nothing else."""

    kind: ClassVar[str] = ""
    title: ClassVar[str] = ""
    access: ClassVar[Text] = ""
    """Which token it takes, in a sentence."""
    SettingsForm: ClassVar[type[CodeHostForm]]
    api: JsonApi

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """`settings` are the cleaned data of SettingsForm, secrets included."""
        self.settings = settings

    def path_of(self, repository: str) -> str:
        """The path of a repository in the API."""
        raise NotImplementedError

    def probe(self, repository: str) -> str:
        """A sentence that says that address and token are right for a repository."""
        try:
            self.api.get(self.path_of(repository))
        except NotFound as error:
            raise RemoteError(_missing(self.api.host, repository), detail=error.detail) from error
        return (
            f"{repository} can be read. Whether the token may write statuses, the first result "
            "will show."
        )

    def publish(self, result: CommitResult) -> None:
        """Show a result beside its commit, in place of a former one with its key."""
        try:
            self.send(result)
        except NotFound as error:
            message = (
                f"{self.api.host} has no commit {result.commit[:12]} in {result.repository}, or "
                "the token may not see it. Is it pushed? Check which repositories the token is for."
            )
            raise RemoteError(message, detail=error.detail) from error

    def send(self, result: CommitResult) -> None:
        """The requests of `publish`. Raises NotFound too."""
        raise NotImplementedError


def _missing(host: str, repository: str) -> str:
    return (
        f"{host} has no repository {repository}, or the token may not see it. Check the name, and "
        "which repositories the token is for."
    )


def repository_name(written: str) -> str:
    """example/shop, of a name or a clone address of any form. Raises ValueError with the cure.

    Where the address leads is not used: results go to the hosts of the settings only.
    """
    found = written.strip()
    if _SCP.match(found):
        found = found.partition(":")[2]
    elif "://" in found:
        try:
            # Bitbucket Data Center has its repositories below /scm/.
            found = urlsplit(found).path.lstrip("/").removeprefix("scm/")
        except ValueError as error:
            raise ValueError(WRONG_NAME) from error
    found = found.strip("/").removesuffix(".git")
    if not _NAME.fullmatch(found):
        raise ValueError(WRONG_NAME)
    return found


def names_repository(patterns: str, repository: str) -> bool:
    """Whether one of the lines, as in the settings, is this repository or includes it."""
    wanted = repository.lower()
    for line in patterns.lower().splitlines():
        if line == wanted or (line.endswith("/*") and wanted.startswith(line[:-1])):
            return True
    return False


def quoted(repository: str) -> str:
    """A repository for the path of an address, its slashes as they are."""
    return quote(repository, safe="/")


def clipped(text: str, limit: int) -> str:
    """Text of at most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def percent(share: float) -> float:
    """Of a share from 0 to 1, with at most two decimals."""
    return round(100 * share, 2)


def _written(value: float, unit: Unit) -> str:
    if unit == "share":
        return f"{percent(value):g} %"
    if unit == "count":
        return f"{value:.0f}"
    if unit == "per-second":
        return gettext("%(n)s a second") % {"n": f"{value:.1f}"}
    return f"{value:.0f} ms"
