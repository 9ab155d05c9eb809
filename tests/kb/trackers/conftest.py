from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from kb.models import ActionItem, Cause, Postmortem, Tracker
from kb.postmortems.action_items import add_action
from tests.kb.conftest import cause, known, postmortem
from tests.kb.trackers.fake_github import FakeGitHub
from tests.kb.trackers.fake_gitlab import FakeGitLab
from tests.kb.trackers.fake_jira import FakeJira
from tests.kb.trackers.fake_linear import FakeLinear
from tests.kb.trackers.fake_tracker import TOKEN, WEBHOOK_SECRET, FakeTracker, served

__all__ = ["cause", "known", "postmortem"]
FAKES: dict[str, type[FakeTracker]] = {
    fake.kind: fake for fake in (FakeJira, FakeGitHub, FakeGitLab, FakeLinear)
}


@pytest.fixture(params=sorted(FAKES))
def fake(request: Any) -> Iterator[FakeTracker]:
    """The server of each tracker, one after the other."""
    with served(FAKES[request.param]()) as tracker:
        yield tracker


def connect(fake: FakeTracker, name: str = "Ours") -> Tracker:
    """A tracker with the settings of this server."""
    row = Tracker(name=name, kind=fake.kind, settings=fake.settings())
    row.secrets = {"token": TOKEN, "webhook_secret": WEBHOOK_SECRET}
    row.save()
    return row


@pytest.fixture
def tracker(db: None, fake: FakeTracker) -> Tracker:
    return connect(fake)


@pytest.fixture
def action(postmortem: Postmortem, cause: Cause, user: User, incident: Incident) -> ActionItem:
    return add_action(postmortem, author=user, title="Check indexes before each deploy")
