"""Requests as each sender makes them, for the contract tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

from common.signing import Hmac
from incidents.models import Integration, IntegrationSecret
from incidents.webhooks import registry

SAMPLES = Path(__file__).resolve().parents[2] / "docs" / "integrations" / "samples"
EXTRA = {
    "github": {"X-GitHub-Event": "deployment_status"},
    "bitbucket": {"X-Event-Key": "repo:push"},
}
KINDS = sorted(registry())


def sample(kind: str) -> bytes:
    return next(SAMPLES.glob(f"{kind}.*")).read_bytes()


def make(kind: str, secret: str = "", name: str = "", **fields: Any) -> tuple[Integration, str]:
    integration = Integration.objects.create(kind=kind, name=name or f"{kind} test", **fields)
    return integration, IntegrationSecret.issue(integration, text=secret)[1]


def request_for(
    kind: str, slug: str, secret: str, body: bytes, at: float | None = None
) -> tuple[str, bytes, dict[str, str]]:
    """Path, body and headers with which a sender proves that it knows `secret`."""
    scheme: Any = registry()[kind].scheme
    headers = {"Content-Type": "application/json", **EXTRA.get(kind, {})}
    path = f"/hooks/{slug}/"
    if kind == "events_v2":
        data = json.loads(body)
        return "/v2/enqueue", json.dumps({**data, "routing_key": secret}).encode(), headers
    if isinstance(scheme, Hmac):
        signed = body
        if scheme.time_header:
            moment = str(int(time.time() if at is None else at))
            headers[scheme.time_header] = moment
            if scheme.signs_time:
                signed = moment.encode() + scheme.between.encode() + body
        digest = hmac.new(secret.encode(), signed, getattr(hashlib, scheme.digest)).hexdigest()
        headers[scheme.header] = scheme.prefix + digest
    elif scheme.in_url:
        path += f"{secret}/"
    elif kind == "opsgenie":
        headers["Authorization"] = "Basic " + base64.b64encode(f"x:{secret}".encode()).decode()
    elif kind == "gitlab":
        headers[scheme.header] = secret
    else:
        headers["Authorization"] = f"Bearer {secret}"
    return path, body, headers
