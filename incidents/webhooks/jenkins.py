"""Jenkins, Notification plug-in, format JSON."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from common.ci_tools import repository_name
from common.environments import RELEASE_BRANCHES, branch_name, environment_in
from common.payloads import dig, time_at, web_address
from common.placeholders import first_text, required_text, text
from common.signing import Token
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id

OUTCOMES = {"SUCCESS": "succeeded", "UNSTABLE": "succeeded", "FAILURE": "failed"}
_REQUEST = re.compile(r"(?:PR|MR)-\d+(?:-\w+)?", re.IGNORECASE)
_BRANCHES = RELEASE_BRANCHES | {"develop", "development", "dev", "staging", "production"}
_DRY_RUN = ("DRY_RUN", "DRYRUN", "PLAN_ONLY", "NOOP", "CHECK_MODE", "dry_run", "dryRun")
_ENVIRONMENTS = ("ENVIRONMENT", "ENV", "DEPLOY_ENV", "TARGET_ENV", "TARGET_ENVIRONMENT", "STAGE")
_SERVICES = ("SERVICE_NAME", "APPLICATION", "APP", "APP_NAME", "COMPONENT")


class Jenkins(Webhook):
    """COMPLETED and FINALIZED of one build are one change: job path and number name it."""

    kind = "jenkins"
    title = "Jenkins (Notification plug-in)"
    brings = "changes"
    scheme = Token(in_url=True)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        name, number = required_text(data, "name", 200), required_text(data, "build.number", 20)
        phase = required_text(data, "build.phase").upper()
        if phase == "QUEUED":
            return [Ignored("The build has not started yet.")]
        status = text(data, "build.status").upper()
        if status in ("ABORTED", "NOT_BUILT"):
            return [Ignored("The build was aborted.")]
        repository = repository_name(text(data, "build.scm.url", 300))
        path = _path(data) or [part for part in (repository, unquote(unquote(name))) if part]
        job, branch = "/".join(path)[:200], _branch(data, path)
        multibranch = len(path) > 1 and path[-1] == branch
        own = path[-2] if multibranch else path[-1]
        at = time_at(data, "build.timestamp") or incoming.received_at
        took = dig(data, "build.duration", 0)
        ended = phase != "STARTED"
        known = isinstance(took, int | float) and 0 < took < 7 * 86_400_000
        dry = any(
            text(data, f"build.parameters.{each}", 10).lower() in ("true", "yes", "1")
            for each in _DRY_RUN
        )
        given = first_text(data, *[f"build.parameters.{each}" for each in _ENVIRONMENTS], limit=100)
        return [
            ChangeEvent(
                title=f"{job} #{number}",
                job=job,
                job_name=name,
                service=text(data, "build.parameters.SERVICE", 100),
                candidates=_services(data, repository, own, path[-2] if len(path) > 1 else ""),
                version=(
                    text(data, "build.parameters.VERSION", 200)
                    or text(data, "build.scm.commit", 40)[:12]
                ),
                author=text(data, "build.scm.culprits.0", 200),
                outcome=OUTCOMES.get(status, "failed") if ended else "running",
                started_at=at - timedelta(milliseconds=took) if ended and known else at,
                finished_at=at if ended else None,
                external_id=change_id(_host(data), f"{job}#{number}"),
                url=web_address(data, "build.full_url"),
                environment="dry run" if dry else given or environment_in(own),
                production=False if dry else None,
                branch="" if _REQUEST.fullmatch(branch) else branch,
                run="" if given or multibranch else own,
                trigger="pull_request" if _REQUEST.fullmatch(branch) else "",
            )
        ]


def _path(data: Any) -> list[str]:
    """Folders, job and branch out of `job/shop/job/checkout/job/main/`."""
    for where in ("url", "build.url", "build.full_url"):
        path = text(data, where, 1000).partition("?")[0]
        parts = f"/{path}".split("/job/")[1:]
        # A build's own address ends with its number.
        names = [unquote(unquote(part.strip("/").partition("/")[0])) for part in parts]
        if any(names):
            return [name[:150] for name in names if name][-8:]
    return []


def _branch(data: Any, path: list[str]) -> str:
    """The branch of a multi-branch job, else that of the build's source code."""
    built = branch_name(text(data, "build.scm.branch", 200))
    last = path[-1]
    looks_like_one = last.lower() in _BRANCHES or "/" in last or _REQUEST.fullmatch(last)
    return last if len(path) > 1 and (looks_like_one or last == built) else built


def _host(data: Any) -> str:
    """The server: jobs and numbers are unique on it alone."""
    return text(data, "build.full_url", 1000).partition("://")[2].partition("/")[0][:80]


def _services(data: Any, repository: str, job: str, folder: str) -> tuple[str, ...]:
    """Parameters, repository, job, and the folder: a branch may have a name like a job."""
    given = first_text(data, *[f"build.parameters.{each}" for each in _SERVICES], limit=100)
    names = (given, repository, job[:100], folder[:100])
    return tuple(name for name in dict.fromkeys(names) if name)
