"""A Slack workspace, a person whose account is linked with it, and what they say."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from kb.chatops import endpoints
from kb.models import ChatPerson, Workspace
from tests.kb.chat_requests import SECRET, signed

PERSON = "U2CERLKJA"


@pytest.fixture(autouse=True)
def unhurried_answers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time enough to answer inline, where the time is not what is tested."""
    if not request.node.get_closest_marker("clock"):
        monkeypatch.setattr(endpoints, "INLINE_SECONDS", 20.0)


@pytest.fixture
def slack(db: None) -> Workspace:
    row = Workspace(kind="slack", name="Slack", settings={"workspace": "", "mark": "pushpin"})
    row.secrets = {"secret": SECRET, "bot_token": "xoxb-1"}
    row.save()
    return row


@pytest.fixture
def linked(slack: Workspace, user: User) -> ChatPerson:
    return ChatPerson.objects.create(workspace=slack, external_id=PERSON, user=user)


def say(workspace: Workspace, text: str, **fields: str) -> Any:
    """A slash command as Slack sends it."""
    form = {
        "user_id": PERSON, "user_name": "roadrunner", "channel_id": "C1", "channel_name": "ops",
        "team_id": "T1", "text": text, "trigger_id": f"t{time.monotonic_ns()}",
        "response_url": "https://hooks.slack.com/commands/T1/1/x", **fields,
    }  # fmt: skip
    body = urlencode(form)
    return Client().post(
        f"/chat/{workspace.slug}/", body, content_type="application/x-www-form-urlencoded",
        headers=signed(body),
    )  # fmt: skip


def body_of(answer: Any) -> str:
    return json.dumps(answer.json(), ensure_ascii=False)
