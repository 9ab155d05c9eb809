"""What the servers that play a tracker have in common: HTTP, tokens, limits, and a clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from tests.json_server import Answer, serving

TOKEN = "token-for-tests"
WEBHOOK_SECRET = "webhook-secret-for-tests"
Reply = tuple[int, Any]


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class FakeIssue:
    """An issue as all of them have one; `number` counts within its project."""

    number: int
    project: str
    title: str
    text: str
    mark: str = ""
    state: str = "open"
    """open, done or dropped"""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    moved_to: FakeIssue | None = None
    deleted: bool = False


class FakeTracker:
    """Base of the servers. `project` has issues; whoever writes there is a person."""

    kind: ClassVar[str]
    project: ClassVar[str]
    other_project: ClassVar[str]

    def __init__(self) -> None:
        self.url = ""
        self.issues: list[FakeIssue] = []
        self.requests: list[Request] = []
        self.token = TOKEN
        self.project_exists = True
        self.failures: list[tuple[int, dict[str, str], Any]] = []
        """With what the next requests are answered instead: status, headers, body."""
        self.loses_answers = 0
        """So many creations succeed, and nobody hears of it."""
        self._ticks = 0
        self.headers: dict[str, str] = {}

    def settings(self) -> dict[str, Any]:
        """Of a tracker that is connected to this server."""
        raise NotImplementedError

    def key_of(self, issue: FakeIssue) -> str:
        raise NotImplementedError

    def address_of(self, issue: FakeIssue) -> str:
        raise NotImplementedError

    def webhook(self, issue: FakeIssue, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
        """The body and headers that it sends when an issue has changed."""
        raise NotImplementedError

    def is_allowed(self, request: Request) -> bool:
        raise NotImplementedError

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def refusal(self, status: int) -> Any:
        """The body of an error."""
        return {"message": f"Error {status}"}

    def fail(self, status: int, **headers: str) -> None:
        """Let the next request fail."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.failures.append((status, named, self.refusal(status)))

    def limit(self, seconds: int) -> None:
        """Let the next request be one too many, for so long."""
        self.fail(429, Retry_After=str(seconds))

    def now(self) -> datetime:
        """Later with each call."""
        self._ticks += 1
        return datetime.now(UTC) + timedelta(seconds=self._ticks)

    def add(self, title: str, text: str = "", project: str = "", mark: str = "") -> FakeIssue:
        project = project or self.project
        number = 1 + sum(issue.project == project for issue in self.issues)
        issue = FakeIssue(number, project, title, text, mark)
        self.issues.append(issue)
        return issue

    def set_state(self, issue: FakeIssue, state: str) -> None:
        issue.state, issue.updated = state, self.now()

    def move(self, issue: FakeIssue) -> FakeIssue:
        """Into the other project; the issue there."""
        raise NotImplementedError

    def changes(self) -> list[Request]:
        """The requests that changed an issue."""
        return [each for each in self.requests if self.is_change(each)]

    def is_change(self, request: Request) -> bool:
        return request.method != "GET"

    def creations(self) -> int:
        return sum(bool(issue.text) for issue in self.issues)

    def respond(self, request: Request) -> tuple[int, dict[str, str], Any]:
        self.requests.append(request)
        if self.failures:
            return self.failures.pop(0)
        if not self.is_allowed(request):
            return 401, {}, self.refusal(401)
        before = len(self.issues)
        self.headers = {}
        status, body = self.answer(request)
        if len(self.issues) > before and self.loses_answers:
            self.loses_answers -= 1
            return 502, {}, self.refusal(502)
        return status, dict(self.headers), body


class PlayedServer(Protocol):
    url: str

    def respond(self, request: Request) -> Answer: ...


Server = TypeVar("Server", bound=PlayedServer)


@contextmanager
def served(server: Server) -> Iterator[Server]:
    def respond(method: str, path: str, headers: dict[str, str], body: Any) -> Answer:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return server.respond(Request(method, parts.path, query, headers, body))

    with serving(respond) as server.url:
        yield server
