"""A client of the REST API for the command line and the MCP server."""

from __future__ import annotations

import json
import os
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

CONFIG = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "causebook.toml"


class Failed(Exception):
    """What went wrong, in words, and the exit code for scripts."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


USAGE, NOT_ALLOWED, NOT_FOUND, UNREACHABLE = 2, 3, 4, 5


@dataclass(frozen=True)
class Config:
    url: str
    token: str

    @classmethod
    def read(cls) -> Config:
        """From CAUSEBOOK_URL and CAUSEBOOK_TOKEN, else from the file. Raises Failed."""
        token = os.environ.get("CAUSEBOOK_TOKEN") or str(_stored().get("token", ""))
        if not token:
            raise Failed(
                "No token. Make one on the page “API tokens” and set CAUSEBOOK_TOKEN, "
                f'or write token = "cb_…" into {CONFIG}.',
                USAGE,
            )
        return cls(cls.address(), token)

    @staticmethod
    def address() -> str:
        """The URL of the server. Raises Failed when the file cannot be read."""
        url = os.environ.get("CAUSEBOOK_URL") or _stored().get("url", "http://localhost:8000")
        return str(url).rstrip("/")


def _stored() -> dict[str, Any]:
    if not CONFIG.exists():
        return {}
    try:
        return tomllib.loads(CONFIG.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failed(f"{CONFIG} cannot be read: {error}", USAGE) from error


class Client:
    """Talks to one server. Every method raises Failed with a sentence that says what to do."""

    def __init__(self, config: Config | None = None, timeout: float = 30.0) -> None:
        self.config = config or Config.read()
        if not (self.config.token.isascii() and self.config.token.isprintable()):
            raise Failed("The token has characters that no token has: copy it again.", USAGE)
        headers = {"Authorization": f"Bearer {self.config.token}", "User-Agent": "causebook-cli"}
        self._http = httpx.Client(base_url=self.config.url, headers=headers, timeout=timeout)

    def request(self, method: str, path: str, **options: Any) -> Any:
        """The response as JSON, or as text where it is not JSON."""
        response = self._send(method, f"/api/v1/{path}", **options)
        if response.headers.get("content-type", "").startswith("application/json"):
            return response.json()
        return response.text

    def get(self, path: str, **params: Any) -> Any:
        given = {name: value for name, value in params.items() if value not in (None, "")}
        return self.request("GET", path, params=given)

    def create(self, path: str, body: dict[str, Any]) -> Any:
        """Create a record once, even if the connection breaks and the request is sent twice."""
        key = {"Idempotency-Key": uuid.uuid4().hex}
        try:
            return self.request("POST", path, json=body, headers=key)
        except Failed as failed:
            if failed.code != UNREACHABLE:
                raise
            return self.request("POST", path, json=body, headers=key)

    def events(self, after: int | None = None) -> Iterator[dict[str, Any]]:
        """Events as they happen; a connection that ends is resumed after the last event."""
        last = after
        while True:
            headers = {"Last-Event-ID": str(last)} if last else {}
            try:
                with self._http.stream(
                    "GET", "/api/v1/events/stream/", headers=headers, timeout=60.0
                ) as response:
                    if response.is_error:
                        response.read()
                        raise _failed(response)
                    for line in response.iter_lines():
                        if line.startswith("data: "):
                            event = json.loads(line[6:])
                            last = event["id"]
                            yield event
            except httpx.TimeoutException:
                continue
            except httpx.HTTPError as error:
                raise Failed(f"{self.config.url} does not answer: {error}", UNREACHABLE) from error

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **options)
        except UnicodeEncodeError as error:
            message = "What is sent has characters that are not UTF-8: leave them out."
            raise Failed(message, USAGE) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Failed(f"{self.config.url} does not answer: {error}", UNREACHABLE) from error
        if response.is_error:
            raise _failed(response)
        return response


def _failed(response: httpx.Response) -> Failed:
    codes = {400: USAGE, 401: NOT_ALLOWED, 403: NOT_ALLOWED, 404: NOT_FOUND, 422: USAGE}
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    message = str(problem.get("detail") or problem.get("title") or f"HTTP {response.status_code}")
    for field, why in (problem.get("errors") or {}).items():
        message += f"\n  {field}: {why if isinstance(why, str) else ' '.join(map(str, why))}"
    return Failed(message, codes.get(response.status_code, 1))


def number_of(reference: str) -> int:
    """42 of INC-42, inc-42 or 42. Raises Failed."""
    digits = reference.strip().upper().removeprefix("INC-").removeprefix("#")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise Failed(f"{reference!r} names no incident: write INC-42.", USAGE)
    return int(digits)
