"""The lines of docs/integrations, run as written against a served product."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from incidents.intake import processing
from incidents.models import Delivery, DeployRule, Service
from tests.conftest import tool
from tests.incidents.signed_requests import KINDS, make

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ROOT / "docs" / "integrations"
pytestmark = pytest.mark.e2e


def line_of(kind: str) -> str:
    found = re.findall(r"```sh\n(.*?)```", (GUIDES / f"{kind}.md").read_text(), re.DOTALL)
    assert len(found) == 1, f"{kind}.md has {len(found)} blocks of shell"
    return found[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_line_in_the_guide_works_as_written(live_server: Any, kind: str) -> None:
    tool("curl"), tool("openssl")
    for name in ("orders-db", "checkout", "invoices"):
        Service.objects.create(name=name)
    DeployRule.objects.create(pattern="deploy-*")
    integration, secret = make(kind)
    variables = {"CAUSEBOOK": live_server.url, "HOOK": integration.slug, "SECRET": secret}
    environment = {**os.environ, **variables, "no_proxy": "*"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line_of(kind)],
        cwd=ROOT, env=environment, capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b'"stored"' in done.stdout or b'"success"' in done.stdout, done.stdout
    processing.process_waiting()
    delivery = Delivery.objects.get()
    assert delivery.state == "done", delivery.outcome


def test_every_sender_has_a_guide_and_is_in_the_list() -> None:
    listed = (GUIDES / "README.md").read_text()
    for kind in KINDS:
        assert f"({kind}.md)" in listed, kind
