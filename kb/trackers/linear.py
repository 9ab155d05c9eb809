"""Linear: issues of one team."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.payloads import dig, json_of, listed, text, time_at
from common.signing import Hmac, NotAuthentic, SignedRequest
from kb.remote_api import (
    USUAL_WAIT,
    Answer,
    JsonApi,
    RemoteError,
    limit_wait,
    required,
    required_time,
)
from kb.trackers.base import (
    IssueDraft,
    IssueMissing,
    IssueState,
    NotOurs,
    TrackerForm,
    TrackerIssue,
    TrackerPlugin,
    path_below,
)

PUBLIC = "https://api.linear.app"
PAGES = "https://linear.app"
"""Where the pages of issues are."""
REPLAY_SECONDS = 60.0
ISSUE = """
    id identifier title url updatedAt trashed state { name type }
    team { states { nodes { id name type position } } }
"""
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9]{0,19})-([0-9]{1,12})", re.ASCII)
_PAGE = re.compile(r"[^/]{1,100}/issue/([^/]{1,40})(?:/[^/]{0,300})?")


class LinearForm(TrackerForm):
    url = forms.URLField(
        label=_("Address of the API"), initial=PUBLIC, max_length=300, assume_scheme="https"
    )
    team = forms.RegexField(
        r"^[A-Z][A-Z0-9]{0,19}$",
        label=_("Key of the team"),
        help_text=_("Such as ENG: what issues begin with."),
    )


class Linear(TrackerPlugin):
    kind = "linear"
    title = "Linear"
    scheme = Hmac("linear-signature")
    reference_example = "ENG-7"
    SettingsForm = LinearForm

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.team: str = settings["team"]
        self.api = JsonApi(settings["url"], {"Authorization": settings["token"]})

    def _query(self, query: str, **variables: Any) -> Any:
        """The data of an answer. Raises NotFound for a record that there is not."""
        body = {"query": query, "variables": variables}
        answer = self.api.send("POST", "/graphql", body=body, also=(400,))
        errors = dig(answer.data, "errors")
        if isinstance(errors, list) and errors:
            raise self._error(errors[0], answer)
        if answer.status == 400:
            raise self.api.error_of(answer)
        return dig(answer.data, "data")

    def _error(self, error: Any, answer: Answer) -> RemoteError:
        code, words = text(error, "extensions.code", 100), text(error, "message")
        if code == "RATELIMITED":
            reset = time_at(answer.headers.get("x-ratelimit-requests-reset", ""))
            seconds = (reset - timezone.now()).total_seconds() if reset else USUAL_WAIT
            return self.api.limited(limit_wait(seconds))
        if code == "AUTHENTICATION_ERROR":
            return self.api.error_of(Answer(401, answer.headers, words))
        if code == "FORBIDDEN":
            return self.api.error_of(Answer(403, answer.headers, words))
        if "entity not found" in words.lower():
            return self.api.error_of(Answer(404, answer.headers, words))
        return self.api.error_of(Answer(400, answer.headers, words))

    def probe(self) -> str:
        return gettext("The team “%(name)s” can be read.") % {
            "name": text(self.read_project(), "name") or self.team
        }

    def read_project(self) -> Any:
        query = "query($key: String!) { teams(filter: {key: {eq: $key}}) { nodes { id name } } }"
        found = listed(self._query(query, key=self.team), "teams.nodes")
        if not found:
            raise RemoteError(
                f"{self.api.host} has no team {self.team}, or the API key may not see it. Check "
                "the key of the team in the tracker's settings.",
                of_all=True,
            )
        return found[0]

    def id_of(self, reference: str) -> str:
        written = reference.strip()
        if "://" in written:
            found = _PAGE.fullmatch(path_below(written, PAGES) or "")
            written = found[1] if found else ""
        match = _KEY.fullmatch(written)
        if not match or match[1].upper() != self.team:
            raise NotOurs(f"Name an issue of {self.team}: {self.team}-7, or its address.")
        return f"{self.team}-{int(match[2])}"

    def find_marked(self, draft: IssueDraft) -> TrackerIssue | None:
        try:
            return self.fetch(draft.mark)
        except IssueMissing:
            return None

    def create(self, draft: IssueDraft) -> TrackerIssue:
        # With an id of our own: a second one cannot be created, whatever becomes of the answer.
        made = {
            "id": draft.mark, "teamId": required(self.read_project(), "id", self.api, 100),
            "title": draft.title_line, "description": draft.markdown(),
        }  # fmt: skip
        if draft.due_on:
            made["dueDate"] = draft.due_on.isoformat()
        query = (
            "mutation($input: IssueCreateInput!) "
            f"{{ issueCreate(input: $input) {{ success issue {{ {ISSUE} }} }} }}"
        )
        return self._issue(dig(self._query(query, input=made), "issueCreate.issue"))

    def fetch(self, issue_id: str) -> TrackerIssue:
        return self._issue(self._stored(issue_id))

    def _stored(self, issue_id: str) -> Any:
        query = f"query($id: String!) {{ issue(id: $id) {{ {ISSUE} }} }}"
        with self.of_issue():
            data = dig(self._query(query, id=issue_id), "issue")
        if dig(data, "trashed"):
            raise IssueMissing(f"{text(data, 'identifier', 50)} is in the trash.")
        return data

    def _issue(self, data: Any) -> TrackerIssue:
        key = required(data, "identifier", self.api, 50)
        url = text(data, "url", 500)
        return TrackerIssue(
            id=required(data, "id", self.api, 100),
            key=key,
            title=text(data, "title") or key,
            url=url if path_below(url, PAGES) else f"{PAGES}/issue/{key}",
            state=_state(data),
            status=text(data, "state.name", 100),
            updated_at=required_time(data, "updatedAt", self.api),
        )

    def close(self, issue_id: str, *, dropped: bool) -> TrackerIssue:
        types = ("canceled", "completed") if dropped else ("completed",)
        return self._set_state(issue_id, types)

    def reopen(self, issue_id: str) -> TrackerIssue:
        return self._set_state(issue_id, ("unstarted", "backlog", "triage", "started"))

    def _set_state(self, issue_id: str, types: tuple[str, ...]) -> TrackerIssue:
        """Into the first state of the first of these types that its team has."""
        data = self._stored(issue_id)
        states = [each for each in listed(data, "team.states.nodes") if each.get("type") in types]
        if not states:
            raise RemoteError(
                f"The team of {text(data, 'identifier', 50)} has no state of the type "
                f"“{types[0]}”: add one in Linear."
            )
        best = min(states, key=lambda each: (types.index(each["type"]), each.get("position") or 0))
        query = (
            "mutation($id: String!, $input: IssueUpdateInput!) "
            f"{{ issueUpdate(id: $id, input: $input) {{ success issue {{ {ISSUE} }} }} }}"
        )
        changed = self._query(query, id=issue_id, input={"stateId": best["id"]})
        return self._issue(dig(changed, "issueUpdate.issue"))

    def verify(self, request: SignedRequest, secret: str) -> None:
        """By the signature of the body, and the time in it."""
        super().verify(request, secret)
        sent = time_at(json_of(request.body), "webhookTimestamp")
        if sent is None or abs((request.at - sent).total_seconds()) > REPLAY_SECONDS:
            raise NotAuthentic(
                f"“webhookTimestamp” is missing, or more than {REPLAY_SECONDS:.0f} s from our "
                "time. Is a clock wrong?"
            )

    def ids_in(self, headers: Mapping[str, str], data: Any) -> Sequence[str]:
        found = text(data, "data.id", 100)
        return [found] if found and text(data, "type") == "Issue" else []


def _state(data: Any) -> IssueState:
    kind = text(data, "state.type", 50)
    if kind == "completed":
        return "done"
    return "dropped" if kind in ("canceled", "duplicate") else "open"
