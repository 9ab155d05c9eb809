"""What free-form details of a change say, under the names that build tools give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from common import json_text
from common.ci_tools import is_tool, repository_name
from common.placeholders import text

SERVICE = ("service", "service_name")
REPOSITORY = (
    "repository", "repo", "repository_name", "repo_name", "repository_full_name", "repo_full_name",
    "github_repository", "project_path", "project_path_with_namespace", "repository_url",
    "repo_url", "git_url", "slug", "repo_slug", "full_name",
)  # fmt: skip
PROJECT = (
    "app", "application", "app_name", "application_name", "project", "project_name", "component",
    "release_name", "chart", "deployment",
)  # fmt: skip
ENVIRONMENT = (
    "environment", "env", "environment_name", "deploy_env", "target_environment", "stage", "tier",
    "deployment_environment", "target",
)  # fmt: skip
BRANCH = ("branch", "branch_name", "git_branch", "ref", "git_ref", "head_branch", "source_branch")
VERSION = (
    "version", "tag", "release", "image_tag", "release_version", "revision", "commit", "sha",
    "commit_sha", "git_commit", "commit_id", "build_number", "number", "build",
)  # fmt: skip
AUTHOR = (
    "author", "user", "username", "actor", "deployer", "deployed_by", "triggered_by", "creator",
    "committer", "requested_by", "started_by",
)  # fmt: skip
RUN = ("workflow", "workflow_name", "job", "job_name", "pipeline", "pipeline_name", "step", "task")
TRIGGER = ("event", "event_name", "trigger", "build_reason", "reason")
STATE = ("status", "result", "state", "outcome", "conclusion", "build_state", "build_result")

_OUTCOMES = {
    "succeeded": "success succeeded successful passed pass ok completed complete deployed fixed "
    "finished done applied merged",
    "failed": "failure failed fail error errored broken timed_out timeout aborted",
    "running": "running started starting pending queued in_progress inprogress",
    "rolled_back": "rolled_back rolledback rollback reverted",
}
_OUTCOME = {word: outcome for outcome, words in _OUTCOMES.items() for word in words.split()}
_SEPARATORS = re.compile(r"[\s.-]+")
_FORGES = ("github", "gitlab", "bitbucket", "gitea", "codeberg", "forgejo", "dev.azure", "git.")


class Details:
    """A mapping whose keys are compared without capitals and separators."""

    def __init__(self, values: Any) -> None:
        self._values: dict[str, Any] = {}
        for key, value in list(values.items())[:200] if isinstance(values, Mapping) else ():
            self._values.setdefault(_SEPARATORS.sub("_", str(key).strip().lower()), value)

    def first(self, names: Iterable[str], limit: int = 200) -> str:
        """The first of the named values that says something."""
        for name in names:
            found = _plain(self._values.get(name), limit)
            if found:
                return found
        return ""

    def outcome(self) -> str:
        """The outcome in our words; succeeded where it says none."""
        word = _SEPARATORS.sub("_", self.first(STATE, 40).lower())
        return _OUTCOME.get(word, "succeeded")


def _plain(value: Any, limit: int) -> str:
    """A text, or the name in an object, which some tools send as a text of JSON."""
    if isinstance(value, str) and value.lstrip().startswith("{") and len(value) < 5_000:
        try:
            value = json_text.loads(value)
        except (ValueError, RecursionError):
            return ""
    if isinstance(value, Mapping):
        names = ("full_name", "name", "slug", "login", "username", "email")
        return next((found for name in names if (found := text(value, name, limit))), "")
    return text(value, "", limit)


def service_candidates(details: Details, links: Iterable[str], source: str) -> tuple[str, ...]:
    """Names of the service, most likely first: repository, project, a forge's link, source."""
    found = [repository_name(details.first(REPOSITORY)), details.first(PROJECT, 100)]
    for link in links:
        host, _, path = link.partition("://")[2].partition("/")
        if any(forge in host.lower() for forge in _FORGES) and path.strip("/").count("/"):
            found.append(repository_name(link))
            break
    if source and not is_tool(source) and not is_tool(source.partition("/")[0]):
        found.append(repository_name(source) if "/" in source else source[:100])
    return tuple(dict.fromkeys(name for name in found if name))
