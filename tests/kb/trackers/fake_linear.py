"""A server that answers as Linear does, as far as issues of a team go.

Queries are checked against and carried out by a GraphQL schema: fields, arguments and types are
those of these names in Linear's own schema and in its pages on webhooks and limits, looked up on
2026-11-27. An id for a new issue is accepted once; a deleted issue is in the trash; errors have a
code, and limits answer 400 with RATELIMITED.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError, build_schema, graphql_sync

from common.signing import sign
from tests.kb.trackers.fake_tracker import (
    WEBHOOK_SECRET,
    FakeIssue,
    FakeTracker,
    Reply,
    Request,
)

SCHEMA = build_schema(
    """
    scalar DateTime
    scalar TimelessDate
    type Query {
        issue(id: String!): Issue!
        teams(filter: TeamFilter): TeamConnection!
    }
    type Mutation {
        issueCreate(input: IssueCreateInput!): IssuePayload!
        issueUpdate(id: String!, input: IssueUpdateInput!): IssuePayload!
    }
    input StringComparator { eq: String }
    input TeamFilter { key: StringComparator }
    input IssueCreateInput {
        id: String teamId: String! title: String description: String dueDate: TimelessDate
    }
    input IssueUpdateInput { stateId: String }
    type IssuePayload { success: Boolean! issue: Issue }
    type Issue {
        id: ID! identifier: String! title: String! url: String! updatedAt: DateTime!
        trashed: Boolean state: WorkflowState! team: Team!
    }
    type WorkflowState { id: ID! name: String! type: String! position: Float! }
    type WorkflowStateConnection { nodes: [WorkflowState!]! }
    type Team { id: ID! key: String! name: String! states: WorkflowStateConnection! }
    type TeamConnection { nodes: [Team!]! }
    """
)
STATES = {
    "open": ("s-todo", "Todo", "unstarted"),
    "done": ("s-done", "Done", "completed"),
    "dropped": ("s-canceled", "Canceled", "canceled"),
}


class FakeLinear(FakeTracker):
    kind = "linear"
    project = "ENG"
    other_project = "PLT"

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[int, str] = {}

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "team": "ENG"}

    def key_of(self, issue: FakeIssue) -> str:
        return f"{issue.project}-{issue.number}"

    def address_of(self, issue: FakeIssue) -> str:
        return f"https://linear.app/example/issue/{self.key_of(issue)}/{_slug(issue.title)}"

    def id_of(self, issue: FakeIssue) -> str:
        return issue.mark or self.ids.setdefault(id(issue), str(uuid.uuid4()))

    def is_allowed(self, request: Request) -> bool:
        return request.headers.get("authorization") == self.token

    def is_change(self, request: Request) -> bool:
        return bool(request.body) and "mutation" in request.body["query"]

    def refusal(self, status: int) -> Any:
        codes = {401: "AUTHENTICATION_ERROR", 403: "FORBIDDEN", 429: "RATELIMITED"}
        return _errors(f"Error {status}", codes.get(status, "INTERNAL_SERVER_ERROR"))

    def limit(self, seconds: int) -> None:
        reset = int((datetime.now(UTC).timestamp() + seconds) * 1000)
        headers = {"X-RateLimit-Requests-Reset": str(reset)}
        self.failures.append((400, headers, self.refusal(429)))

    def move(self, issue: FakeIssue) -> FakeIssue:
        """The same issue in another team: its id stays, its identifier changes."""
        issue.mark = self.id_of(issue)
        issue.project, issue.number, issue.updated = self.other_project, 77, self.now()
        return issue

    def answer(self, request: Request) -> Reply:
        if (request.method, request.path) != ("POST", "/graphql"):
            return 404, {"message": "Not Found"}
        done = graphql_sync(
            SCHEMA,
            request.body["query"],
            root_value=self,
            variable_values=request.body["variables"],
        )
        if done.errors:
            code = (done.errors[0].extensions or {}).get("code", "GRAPHQL_VALIDATION_FAILED")
            return 400, _errors(done.errors[0].message, code)
        return 200, {"data": done.data}

    # The resolvers: graphql-core calls the method of a field's name.

    def issue(self, _: Any, id: str) -> dict[str, Any]:
        return self._shown(self._find(id))

    def teams(self, _: Any, filter: Any = None) -> dict[str, Any]:
        key = (filter or {}).get("key", {}).get("eq", self.project)
        known = self.project_exists and key == self.project
        return {"nodes": [self._team(key)] if known else []}

    def issueCreate(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:
        wanted = input.get("id") or str(uuid.uuid4())
        if uuid.UUID(wanted).version != 4:
            raise _input_error("id must be a UUID v4")
        if any(self.id_of(issue) == wanted for issue in self.issues):
            raise _input_error(f"Entity with id {wanted} exists already")
        if input["teamId"] != f"t-{self.project}":
            raise _input_error("Entity not found: Team")
        made = self.add(input["title"], input.get("description", ""), mark=wanted)
        return {"success": True, "issue": self._shown(made)}

    def issueUpdate(self, _: Any, id: str, input: dict[str, Any]) -> dict[str, Any]:
        issue = self._find(id)
        if issue.deleted:
            raise _input_error("Entity not found: Issue")
        self.set_state(issue, next(s for s in STATES if STATES[s][0] == input["stateId"]))
        return {"success": True, "issue": self._shown(issue)}

    def _find(self, key: str) -> FakeIssue:
        for issue in self.issues:
            if key in (self.id_of(issue), self.key_of(issue)) and self.project_exists:
                return issue
        raise _input_error("Entity not found: Issue")

    def _team(self, key: str) -> dict[str, Any]:
        nodes = [
            {"id": number, "name": name, "type": kind, "position": float(place)}
            for place, (number, name, kind) in enumerate(STATES.values())
        ]
        return {"id": f"t-{key}", "key": key, "name": "Engineering", "states": {"nodes": nodes}}

    def _shown(self, issue: FakeIssue) -> dict[str, Any]:
        number, name, kind = STATES[issue.state]
        return {
            "id": self.id_of(issue),
            "identifier": self.key_of(issue),
            "title": issue.title,
            "url": self.address_of(issue),
            "updatedAt": issue.updated.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "trashed": issue.deleted or None,
            "state": {"id": number, "name": name, "type": kind, "position": 0.0},
            "team": self._team(issue.project),
        }

    def webhook(self, issue: FakeIssue, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
        sent = at or datetime.now(UTC)
        body = json.dumps(
            {
                "action": "remove" if issue.deleted else "update", "type": "Issue",
                "data": self._shown(issue), "url": self.address_of(issue),
                "webhookTimestamp": int(sent.timestamp() * 1000), "webhookId": "w-1",
            }
        ).encode()  # fmt: skip
        return body, {"Linear-Signature": sign(WEBHOOK_SECRET, body), "Linear-Event": "Issue"}


def _errors(message: str, code: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def _input_error(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "INPUT_ERROR"})


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
