"""The command line client and the MCP server, answered by the product in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from causebook_cli import client
from django.test import Client


def _answer(request: httpx.Request) -> httpx.Response:
    """As Django's own test client does, within the transaction of the test."""
    given = {name: value for name, value in request.headers.items() if name != "content-type"}
    answer: Any = Client(raise_request_exception=False).generic(
        request.method, request.url.raw_path.decode(), request.read(),
        request.headers.get("content-type", "application/json"), headers=given,
    )  # fmt: skip
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return httpx.Response(answer.status_code, headers=dict(answer.headers), content=body)


@contextmanager
def answered_here(token: str) -> Iterator[None]:
    """Whatever the client sends goes to the product, with this token."""
    real = httpx.Client

    def local(**options: Any) -> httpx.Client:
        return real(**{**options, "transport": httpx.MockTransport(_answer)})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client.httpx, "Client", local)
        patch.setitem(os.environ, "CAUSEBOOK_TOKEN", token)
        patch.setitem(os.environ, "CAUSEBOOK_URL", "http://testserver")
        yield
