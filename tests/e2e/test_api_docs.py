"""Every request in docs/api.md, run as written against a served product."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.tokens import create_token
from people.membership import give_role
from people.models import Role
from tests.conftest import tool

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("block", BLOCKS[1:], ids=lambda block: block.split("/api/v1/")[-1][:40])
def test_the_request_in_the_guide_works_as_written(
    live_server: Any, incident: Incident, user: User, block: str
) -> None:
    tool("curl")
    scope = "file"
    if "incidents/import/" in block:
        # As the guide says of it.
        give_role(user, Role.MANAGER)
        scope = "admin"
    variables = {
        "CAUSEBOOK": live_server.url, "TOKEN": create_token(user, "guide", scope)[1],
        "INCIDENT": str(incident.pk), "no_proxy": "*",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        env={**os.environ, **variables}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert done.stdout.strip()


def test_the_guide_has_as_many_requests_as_it_says() -> None:
    assert BLOCKS[0].startswith("export")
    assert len(BLOCKS) >= 14
