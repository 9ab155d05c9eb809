"""A workspace of a played Slack, and people whose accounts are linked there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.filing import file_incident
from incidents.models import Incident, Service
from incidents.tokens import create_token
from kb.channels import syncing
from kb.chat import slack
from kb.models import ChannelRule, ChatPerson, OpenedChannel, Workspace
from tests.json_server import serving
from tests.kb.chat_requests import SECRET
from tests.slack_server import FakeSlack
from tests.vendor_server import TOKEN

File = Callable[..., Incident]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlack]:
    server = FakeSlack()
    with serving(server.respond) as server.url:
        monkeypatch.setattr(slack, "API", f"{server.url}/api/")
        yield server


@pytest.fixture
def workspace(db: None, there: FakeSlack) -> Workspace:
    row = Workspace(kind="slack", name="Example", settings={"server": there.url})
    row.secrets = {"secret": SECRET, "bot_token": TOKEN}
    row.save()
    return row


@pytest.fixture
def rule(workspace: Workspace) -> ChannelRule:
    return ChannelRule.objects.create(workspace=workspace)


@pytest.fixture
def ada(workspace: Workspace, django_user_model: type[User]) -> User:
    """Somebody who linked her account."""
    user = django_user_model.objects.create_user("ada", "ada@example.com")
    ChatPerson.objects.create(workspace=workspace, external_id="U0ADA", name="ada", user=user)
    return user


@pytest.fixture
def file(database: Service) -> File:
    def file_one(title: str = "orders-db CPU", **fields: Any) -> Incident:
        return file_incident(
            **{"title": title, "severity": "SEV1", "services": [database], **fields}
        )

    return file_one


@pytest.fixture
def admin_api(admin_user: User) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_token(admin_user, 'test', 'admin')[1]}")
    return client


def settle(times: int = 1) -> OpenedChannel:
    """Work on the channels, whatever they wait for; the newest one."""
    for _ in range(times):
        OpenedChannel.objects.filter(state="waiting").update(not_before=timezone.now())
        syncing.sync_due()
    return OpenedChannel.objects.order_by("-pk")[0]


def die_at_work(row: OpenedChannel) -> None:
    """As a worker leaves a row that it had claimed."""
    OpenedChannel.objects.filter(pk=row.pk).update(
        state="claimed", attempts=1, lease_until=timezone.now()
    )
