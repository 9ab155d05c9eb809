"""Requests to one configured address, with a deadline for all of them together."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.utils import timezone

from common.outbound_addresses import (
    REQUEST_FAILED,
    AddressRefused,
    http_client,
    read_body,
)
from common.payloads import BadPayload, json_of, text, time_at
from kb.trackers.base import NotFound, TrackerError

SECONDS = 10.0
"""What all requests of one action may take together."""
MAX_BYTES = 4 * 1024 * 1024
LONGEST_WAIT = 3600.0
USUAL_WAIT = 60.0
"""Seconds to wait where the tracker does not say how long."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    data: Any


class JsonApi:
    """A redirect is never followed: it could lead into the own network."""

    def __init__(
        self, base: str, headers: Mapping[str, str], auth: tuple[str, str] | None = None
    ) -> None:
        self.base = base.rstrip("/")
        self.host = urlsplit(base).netloc
        self.headers = {"Accept": "application/json", "User-Agent": "causebook", **headers}
        self.auth = auth
        self._until: float | None = None

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self.send("GET", path, params=params).data

    def get_existing(self, path: str, missing: str) -> Any:
        """What is at a path that the settings name; `missing` names it, with the cure."""
        try:
            return self.get(path)
        except NotFound as error:
            message = f"{self.host} has no {missing}"
            raise TrackerError(message, of_all=True, detail=error.detail) from error

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        also: Collection[int] = (),
    ) -> Answer:
        """The answer to one request, of a status of success or `also` of these.

        Raises TrackerError.
        """
        answer = self._send(method, path, params, body)
        if answer.status < 300 or answer.status in also:
            return answer
        raise self.error_of(answer)

    def _send(self, method: str, path: str, params: Mapping[str, Any] | None, body: Any) -> Answer:
        if self._until is None:
            self._until = time.monotonic() + SECONDS
        left = self._until - time.monotonic()
        if left <= 0:
            raise self._slow()
        try:
            with (
                http_client(
                    headers=self.headers,
                    auth=httpx.BasicAuth(*self.auth) if self.auth else None,
                    timeout=httpx.Timeout(left, connect=min(5.0, left)),
                ) as client,
                client.stream(method, self.base + path, params=params, json=body) as response,
            ):
                content = self._read(response)
        except AddressRefused as error:
            raise TrackerError(str(error), of_all=True) from error
        except httpx.TimeoutException as error:
            raise self._slow() from error
        except REQUEST_FAILED as error:
            if "CERTIFICATE" in str(error).upper():
                message = f"The certificate of {self.host} is not trusted."
                raise TrackerError(message, of_all=True) from error
            message = f"{self.host} cannot be reached."
            raise TrackerError(message, passing=True, of_all=True) from error
        return Answer(response.status_code, response.headers, self._json(response, content))

    def _read(self, response: httpx.Response) -> bytes:
        body = read_body(response, MAX_BYTES, self._until)
        if len(body) > MAX_BYTES:
            message = f"{self.host} answered with more than {MAX_BYTES // 1024**2} MB."
            raise TrackerError(message)
        return body

    def _json(self, response: httpx.Response, content: bytes) -> Any:
        if not content:
            return None
        try:
            return json_of(content)
        except BadPayload as error:
            if response.is_success:
                raise self.odd() from error
            return content[:300].decode("utf-8", "replace")

    def _slow(self) -> TrackerError:
        message = f"{self.host} did not answer within {SECONDS:.0f} s."
        return TrackerError(message, passing=True, of_all=True)

    def odd(self) -> TrackerError:
        """The error for an answer of another shape than this tracker's."""
        return TrackerError(
            f"{self.host} answers, but not as this tracker does. Check its address."
        )

    def error_of(self, answer: Answer) -> TrackerError:
        """What a status means, in words that say what to change."""
        status, detail = answer.status, _detail(answer.data)
        if status == 429 or (status == 403 and _is_limit(answer)):
            return self.limited(_wait(answer.headers))
        if status == 401:
            message = (
                f"{self.host} does not accept the token (401): it is wrong, expired or revoked. "
                "Enter a new one in the tracker's settings."
            )
            return TrackerError(message, of_all=True, detail=detail)
        if status == 403:
            message = (
                f"{self.host} does not allow this to the token (403). Give its account the right "
                "to read, create and edit issues of the project."
            )
            return TrackerError(message, detail=detail)
        if status in (404, 410):
            return NotFound(f"{self.host} has no such page ({status}).", detail=detail)
        if status < 400:
            message = f"{self.host} redirects elsewhere ({status}). Set the final address."
            return TrackerError(message, of_all=True)
        if status >= 500:
            message = f"{self.host} has a failure of its own ({status})."
            return TrackerError(message, passing=True, of_all=True, detail=detail)
        message = (
            f"{self.host} refused this ({status}). What it wrote is on the tracker's page, for "
            "those who manage trackers."
        )
        return TrackerError(message, detail=detail)

    def limited(self, wait: float) -> TrackerError:
        message = f"{self.host} accepts no more requests now; the next is sent when it allows it."
        return TrackerError(message, passing=True, of_all=True, wait=wait)


def _detail(data: Any) -> str:
    """The beginning of what the server wrote."""
    written = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return written[:300] if data else ""


def _is_limit(answer: Answer) -> bool:
    """GitHub answers 403 also where there were too many requests."""
    headers = answer.headers
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"


def _wait(headers: Mapping[str, str]) -> float:
    """Seconds until the next request is allowed: by Retry-After, or the time of a reset."""
    after = headers.get("retry-after", "").strip()
    if after.isascii() and after.isdigit():
        return limit_wait(float(after))
    for name in ("x-ratelimit-reset", "ratelimit-reset"):
        at = time_at(headers.get(name, ""))
        if at is not None:
            return limit_wait((at - timezone.now()).total_seconds())
    try:
        return limit_wait((parsedate_to_datetime(after) - timezone.now()).total_seconds())
    except (ValueError, TypeError):
        return USUAL_WAIT


def limit_wait(seconds: float) -> float:
    return min(max(seconds, 1.0), LONGEST_WAIT)


def required(data: Any, path: str, api: JsonApi, limit: int = 300) -> str:
    """The text at a dotted path of an answer. Raises TrackerError where there is none."""
    found = text(data, path, limit)
    if not found:
        raise api.odd()
    return found


def required_time(data: Any, path: str, api: JsonApi) -> datetime:
    at = time_at(data, path)
    if at is None:
        raise api.odd()
    return at
