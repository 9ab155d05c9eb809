"""Requests to the API of one configured product, with a deadline for all of them together."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.outbound_addresses import (
    REQUEST_FAILED,
    AddressRefused,
    http_client,
    read_body,
)
from common.payloads import BadPayload, json_of, text, time_at
from common.redaction import redact
from common.retry_after import seconds_to_wait

SECONDS = 10.0
"""What all requests of one action may take together."""
MAX_BYTES = 4 * 1024 * 1024
LONGEST_WAIT = 3600.0
USUAL_WAIT = 60.0
"""Seconds to wait where the server does not say how long."""
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,80}\Z", re.ASCII)
"""An id of a payload that may become part of a path."""
WRITTEN_HERE = "Written in Causebook"
"""With a link to a postmortem, what a copy of it begins with."""
LIMITED = (420, 429)
"""Statuses that say that there were too many requests; 420 is Statuspage's."""


class RemoteError(Exception):
    """A request failed. The message says what failed and the cure, and holds no secret.

    `passing` says whether a retry may help, not before `wait` seconds. `of_all` says that it
    concerns everything with these settings. `detail` is what the server wrote, for those who
    manage them.
    """

    def __init__(
        self,
        message: str,
        *,
        passing: bool = False,
        wait: float = 0.0,
        of_all: bool = False,
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.passing, self.wait, self.of_all, self.detail = passing, wait, of_all, detail

    @property
    def in_full(self) -> str:
        """With what the server wrote, without what looks like a secret: for those who manage it."""
        return f"{self} {redact(self.detail)}".strip()


class NotFound(RemoteError):
    """There is nothing at this address, or the token may not see it."""


class RemoteForm(forms.Form):
    """Settings of everything that has a token; a subclass adds its own.

    On a page come the fields of a product, then `last_fields`, then secrets.
    """

    secret_fields: tuple[str, ...] = ("token",)
    last_fields: tuple[str, ...] = ()
    token = forms.CharField(label=_("Token"), max_length=500, widget=forms.PasswordInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        last = (*self.last_fields, *self.secret_fields)
        first = [name for name in self.fields if name not in last]
        self.order_fields([*(self.field_order or ()), *first, *last])

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].rstrip("/")
        parts = urlsplit(url)
        if parts.username or parts.password:
            raise forms.ValidationError(_("Put user name and token into their own fields."))
        if parts.query or parts.fragment:
            raise forms.ValidationError(_("Leave out what follows “?” and “#”."))
        return url


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    data: Any


class JsonApi:
    """A redirect is never followed: it could lead into the own network.

    `noun` is what has the settings, and `rights` what its token needs, for the messages.
    """

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str],
        auth: tuple[str, str] | None = None,
        *,
        noun: str = "tracker",
        most_bytes: int = MAX_BYTES,
        rights: str = "to read, create and edit issues of the project",
    ) -> None:
        self.noun, self.rights, self.most_bytes = noun, rights, most_bytes
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
            raise RemoteError(message, of_all=True, detail=error.detail) from error

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

        Raises RemoteError.
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
            raise RemoteError(str(error), of_all=True) from error
        except httpx.TimeoutException as error:
            raise self._slow() from error
        except REQUEST_FAILED as error:
            if "CERTIFICATE" in str(error).upper():
                message = f"The certificate of {self.host} is not trusted."
                raise RemoteError(message, of_all=True) from error
            message = f"{self.host} cannot be reached."
            raise RemoteError(message, passing=True, of_all=True) from error
        return Answer(response.status_code, response.headers, self._json(response, content))

    def _read(self, response: httpx.Response) -> bytes:
        body = read_body(response, self.most_bytes, self._until)
        if len(body) > self.most_bytes:
            message = f"{self.host} answered with more than {self.most_bytes // 1024**2} MB."
            raise RemoteError(message)
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

    def _slow(self) -> RemoteError:
        message = f"{self.host} did not answer within {SECONDS:.0f} s."
        return RemoteError(message, passing=True, of_all=True)

    def odd(self) -> RemoteError:
        """The error for an answer of another shape than this product's."""
        return RemoteError(
            f"{self.host} answers, but not as this {self.noun} does. Check its address."
        )

    def error_of(self, answer: Answer) -> RemoteError:
        """What a status means, in words that say what to change."""
        status, detail = answer.status, _detail(answer.data)
        if status in LIMITED or (status == 403 and _is_limit(answer)):
            return self.limited(_wait(answer.headers))
        if status == 401:
            message = (
                f"{self.host} does not accept the token (401): it is wrong, expired or revoked. "
                f"Enter a new one in the {self.noun}'s settings."
            )
            return RemoteError(message, of_all=True, detail=detail)
        if status == 403:
            message = (
                f"{self.host} does not allow this to the token (403). Give its account the right "
                f"{self.rights}."
            )
            return RemoteError(message, detail=detail)
        if status in (404, 410):
            return NotFound(f"{self.host} has no such page ({status}).", detail=detail)
        if status < 400:
            message = f"{self.host} redirects elsewhere ({status}). Set the final address."
            return RemoteError(message, of_all=True)
        if status >= 500:
            message = f"{self.host} has a failure of its own ({status})."
            return RemoteError(message, passing=True, of_all=True, detail=detail)
        message = (
            f"{self.host} refused this ({status}). What it wrote is on the {self.noun}'s page, for "
            f"those who manage {self.noun}s."
        )
        return RemoteError(message, detail=detail)

    def limited(self, wait: float) -> RemoteError:
        message = f"{self.host} accepts no more requests now; the next is sent when it allows it."
        return RemoteError(message, passing=True, of_all=True, wait=wait)


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
        written = headers.get(name, "")
        at = time_at(written)
        if at is not None:
            return limit_wait((at - timezone.now()).total_seconds())
        if written.isascii() and written.isdigit():
            return limit_wait(float(written))
    return seconds_to_wait(after, usual=USUAL_WAIT, longest=LONGEST_WAIT)


def limit_wait(seconds: float) -> float:
    return min(max(seconds, 1.0), LONGEST_WAIT)


def required(data: Any, path: str, api: JsonApi, limit: int = 300) -> str:
    """The text at a dotted path of an answer. Raises RemoteError where there is none."""
    found = text(data, path, limit)
    if not found:
        raise api.odd()
    return found


def required_time(data: Any, path: str, api: JsonApi) -> datetime:
    at = time_at(data, path)
    if at is None:
        raise api.odd()
    return at
