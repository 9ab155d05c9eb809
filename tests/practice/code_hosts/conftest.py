from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.utils import timezone

from practice.models import CodeHost, Publication
from practice.records import publishing
from tests.json_server import serving
from tests.practice.code_hosts.fake_bitbucket import FakeBitbucket, FakeBitbucketServer
from tests.practice.code_hosts.fake_github import FakeGitHub
from tests.practice.code_hosts.fake_gitlab import FakeGitLab
from tests.practice.code_hosts.fake_host import TOKEN, FakeHost

FAKES: dict[str, type[FakeHost]] = {
    fake.kind: fake for fake in (FakeBitbucket, FakeBitbucketServer, FakeGitHub, FakeGitLab)
}


@pytest.fixture(scope="package")
def servers() -> Iterator[dict[str, FakeHost]]:
    with ExitStack() as stack:
        found = {kind: fake() for kind, fake in FAKES.items()}
        for fake in found.values():
            fake.url = stack.enter_context(serving(fake.respond))
        yield found


@pytest.fixture(params=sorted(FAKES))
def fake(request: Any, servers: dict[str, FakeHost]) -> FakeHost:
    """The server of each code host, one after the other."""
    found = servers[request.param]
    found.reset()
    return found


@pytest.fixture
def host(db: None, fake: FakeHost) -> CodeHost:
    """A code host with the settings of this server."""
    row = CodeHost(name="Ours", kind=fake.kind, settings=fake.settings())
    row.secrets = {"token": TOKEN}
    row.save()
    return row


def run() -> int:
    """All that is due, now or because it waits to be repeated."""
    waiting = Publication.objects.filter(state=Publication.State.WAITING)
    waiting.update(not_before=timezone.now())
    CodeHost.objects.update(resting_until=None)
    return publishing.publish_due()
