"""A label on a pull or merge request announces what it brings, once, with a link back."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from incidents.intake import processing, receiving
from incidents.models import Delivery, Integration, Service
from incidents.webhooks.base import ANNOUNCE_LABEL
from practice.announcements.announcing import coming
from practice.models import Announcement
from tests.incidents.signed_requests import make

pytestmark = pytest.mark.django_db
URL = "https://github.com/shop/checkout/pull/7"


def pull_request(label: str = ANNOUNCE_LABEL, **fields: Any) -> dict[str, Any]:
    """As GitHub's webhook event pull_request is, read in its reference on 2026-11-28."""
    return {
        "action": "labeled",
        "label": {"name": label},
        "pull_request": {
            "number": 7, "title": "Pay by invoice", "html_url": URL,
            "body": "Calls invoices at 40/s, in production on 2026-12-09.\n<script>x</script>",
            "milestone": {"due_on": "2026-12-20T08:00:00Z"}, **fields,
        },
        "repository": {"name": "checkout", "full_name": "shop/checkout"},
    }  # fmt: skip


def merge_request(before: list[str], now: list[str], action: str = "update") -> dict[str, Any]:
    """As GitLab's webhook of merge requests is, read in its reference on 2026-11-28."""
    labels = {name: [{"title": each} for each in value]
              for name, value in (("previous", before), ("current", now))}  # fmt: skip
    return {
        "object_kind": "merge_request",
        "user": {"username": "ada"},
        "project": {"name": "Checkout", "path_with_namespace": "shop/checkout"},
        "labels": labels["current"],
        "changes": {"labels": labels} if action == "update" else {},
        "object_attributes": {
            "iid": 3, "title": "Pay by invoice", "description": "Calls invoices", "action": action,
            "url": "https://gitlab.example/shop/checkout/-/merge_requests/3",
        },
    }  # fmt: skip


def send(integration: Integration, body: dict[str, Any]) -> str:
    """What became of a webhook."""
    headers = {"x-github-event": "pull_request"} if integration.kind == "github" else {}
    receiving.store(integration, headers, json.dumps(body).encode())
    processing.process_waiting()
    return Delivery.objects.order_by("-pk")[0].outcome


@pytest.fixture
def github(db: None) -> Integration:
    return make("github", name="GitHub")[0]


def test_a_labelled_pull_request_is_announced_once_and_links_back(
    github: Integration, checkout: Service, admin_client: Client
) -> None:
    assert "Announced: checkout: Pay by invoice" in send(github, pull_request())
    row = Announcement.objects.get()
    assert (row.service, row.owner, row.tier) == (checkout, checkout.owner, "core")
    assert (row.planned_on, row.expected_rate) == (date(2026, 12, 9), 40.0)
    assert row.author is None
    assert row in coming()
    assert "announced already" in send(github, pull_request(title="Another title"))
    assert Announcement.objects.count() == 1
    page = admin_client.get(row.get_absolute_url()).content.decode()
    assert f'href="{URL}"' in page
    assert "<script>x" not in page


def test_another_label_or_act_announces_nothing(github: Integration, checkout: Service) -> None:
    assert "count" in send(github, pull_request("bug"))
    assert "count" in send(github, {**pull_request(), "action": "unlabeled"})
    assert not Announcement.objects.exists()


def test_an_unknown_repository_is_a_new_service_and_a_milestone_its_date(
    github: Integration,
) -> None:
    send(github, pull_request(body=None, title="New service for invoices"))
    row = Announcement.objects.get()
    assert (row.service, row.new_service) == (None, "checkout")
    assert (row.planned_on, row.expected_rate) == (date(2026, 12, 20), None)
    send(github, pull_request(number=8, milestone=None, body="by 2026-13-40"))
    assert Announcement.objects.get(external_id__endswith=" 8").planned_on == (
        timezone.now().date() + timedelta(days=14)
    )


def test_what_cannot_be_announced_says_why(github: Integration) -> None:
    body = pull_request()
    body["repository"]["name"] = "-?-"
    assert "cannot be announced" in send(github, body)
    assert Delivery.objects.get().state == Delivery.State.FAILED


def test_a_merge_request_counts_when_the_label_is_new_or_it_opens_with_it(
    checkout: Service,
) -> None:
    gitlab = make("gitlab", name="GitLab")[0]
    both = [ANNOUNCE_LABEL, "bug"]
    assert "count" in send(gitlab, merge_request(["bug"], ["bug"]))
    assert "count" in send(gitlab, merge_request([ANNOUNCE_LABEL], both))
    assert "count" in send(gitlab, merge_request(both, ["bug"]))
    assert "Announced" in send(gitlab, merge_request(["bug"], both))
    assert "announced already" in send(gitlab, merge_request([], [ANNOUNCE_LABEL], "open"))
    row = Announcement.objects.get()
    assert (row.service, row.external_url.rpartition("/")[2]) == (checkout, "3")
