"""Atlantis: webhooks of the kind `http`, posted after each apply."""

from __future__ import annotations

from common.environments import environment_in
from common.payloads import dig, web_address
from common.placeholders import first_text, required_text, text
from incidents.webhooks.base import ChangeEvent, Event, Incoming, Webhook, change_id


class Atlantis(Webhook):
    """It applies from pull requests: what was applied has changed, merged or not."""

    kind = "atlantis"
    title = "Atlantis"
    brings = "changes"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        repository = required_text(data, "Repo.Name", 100)
        full = text(data, "Repo.FullName", 150) or repository
        workspace, project = text(data, "Workspace", 90), text(data, "ProjectName", 100)
        directory = text(data, "Directory", 150)
        last = directory.rstrip("/").rpartition("/")[2].strip(".")
        own = project or last or repository
        named = workspace if workspace != "default" else ""
        request, commit = text(data, "Pull.Num", 20), text(data, "Pull.HeadCommit", 60)
        succeeded = dig(data, "Success") is True
        return [
            ChangeEvent(
                title=f"{own}: apply of {full}#{request}" if request else f"{own}: apply",
                candidates=tuple(
                    dict.fromkeys(each for each in (project, last, repository) if each)
                ),
                job=f"{repository}/{own}",
                job_name=own,
                kind="config",
                version=commit[:12],
                author=first_text(data, "User.Username", "Pull.Author", limit=200),
                outcome="succeeded" if succeeded else "failed",
                started_at=incoming.received_at,
                finished_at=incoming.received_at,
                external_id=change_id(full, workspace, directory, project, request, commit)
                if commit
                else "",
                url=web_address(data, "Pull.URL"),
                environment=environment_in(f"x-{named}")
                or environment_in(project)
                or environment_in(directory.replace("/", "-")),
            )
        ]
