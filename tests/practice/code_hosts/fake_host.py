"""What the servers that play a code host have in common: tokens, limits, one repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from tests.json_server import Answer

TOKEN = "token-for-tests"
REPOSITORY = "example/shop"
COMMIT = "4f" * 20
Reply = tuple[int, Any]


@dataclass(frozen=True)
class Shown:
    """What somebody sees beside a commit."""

    passed: bool
    name: str
    summary: str
    link: str


class FakeHost:
    """Base of the servers. `REPOSITORY` has `COMMIT`, and no other."""

    kind: ClassVar[str]
    base = ""
    """the path of the API"""

    def __init__(self) -> None:
        self.url = ""
        self.reset()

    def reset(self) -> None:
        self.token = TOKEN
        self.writes: list[tuple[str, str, Any]] = []
        self.failures: list[Answer] = []
        """With what the next requests are answered instead."""
        self.loses_answers = 0
        """So many writes succeed, and nobody hears of it."""
        self.forget()

    def forget(self) -> None:
        """What was published."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        return {"url": f"{self.url}{self.base}", "repositories": "example/*"}

    def is_allowed(self, headers: dict[str, str]) -> bool:
        return headers.get("authorization") == f"Bearer {self.token}"

    def read(self, path: str, query: dict[str, str]) -> Reply:
        raise NotImplementedError

    def write(self, method: str, path: str, body: Any) -> Reply:
        raise NotImplementedError

    def shown(self) -> list[Shown]:
        """Beside `COMMIT`, as its page lists it."""
        raise NotImplementedError

    def rows(self) -> int:
        """How many statuses are stored there for it, shown or not."""
        return len(self.shown())

    def respond(self, method: str, address: str, headers: dict[str, str], body: Any) -> Answer:
        if self.failures:
            return self.failures.pop(0)
        if not self.is_allowed(headers):
            return 401, {}, {"message": "Unauthorized"}
        parts = urlsplit(address)
        if not parts.path.startswith(self.base):
            return 404, {}, {"message": "Not found"}
        path = parts.path.removeprefix(self.base)
        if method == "GET":
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, answer = self.read(path, query)
            return status, {}, answer
        self.writes.append((method, unquote(path), body))
        status, answer = self.write(method, path, body)
        if status < 300 and self.loses_answers:
            self.loses_answers -= 1
            return 502, {}, {"message": "Bad gateway"}
        return status, {}, answer
