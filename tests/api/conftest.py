from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from incidents.api import streams
from incidents.tokens import create_token


@pytest.fixture(autouse=True)
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream of events ends soon, so that whoever asks every address comes to an end."""
    monkeypatch.setattr(streams, "LONGEST", 0.2)
    monkeypatch.setattr(streams, "POLL", 0.05)


@pytest.fixture
def api_client(user: User) -> Callable[..., APIClient]:
    """`api_client(scope="read")`: a client with a token of that scope."""

    def client(scope: str = "file", who: Any = None, **options: Any) -> APIClient:
        made = APIClient()
        text = create_token(who or user, "test", scope, **options)[1]
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
        return made

    return client


@pytest.fixture
def api(api_client: Callable[..., APIClient]) -> APIClient:
    return api_client("file")


@pytest.fixture
def admin_api(api_client: Callable[..., APIClient], django_user_model: Any) -> APIClient:
    return api_client("admin", django_user_model.objects.create_superuser("root"))
