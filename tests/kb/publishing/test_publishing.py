"""What every target fulfils: one copy of a public postmortem, written again when it changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.filing import edit_incident
from incidents.models import Incident
from kb.models import Postmortem, PublishedCopy, PublishTarget
from kb.postmortems import editing
from kb.postmortems.action_items import add_action
from kb.publishers import registry
from kb.publishing import copying
from kb.publishing.document import document_of
from kb.remote_api import RemoteError
from people.membership import give_role
from people.models import Role
from tests.kb.conftest import cause, known, postmortem
from tests.kb.publishing.fake_targets import (
    TARGETS,
    TOKEN,
    FakeConfluence,
    FakeGitHub,
    FakeTarget,
)
from tests.kb.trackers.fake_tracker import served

__all__ = ["cause", "known", "postmortem"]
pytestmark = pytest.mark.django_db
BODY = (
    "The pool was **full**, see [the graph](/analysis/1/) & INC-1.\n\n"
    "![Load](/knowledge/pictures/1/)\n\n- first\n- second\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nSELECT 1 < 2\n```\n"
)


@pytest.fixture(params=sorted(TARGETS))
def fake(request: Any) -> Iterator[FakeTarget]:
    """The server of each target, one after the other."""
    with served(TARGETS[request.param]()) as server:
        yield server


@pytest.fixture
def target(fake: FakeTarget) -> PublishTarget:
    return connect(fake)


def connect(fake: FakeTarget) -> PublishTarget:
    row = PublishTarget(name="Handbook", kind=fake.kind, settings=fake.settings())
    row.secrets = {"token": TOKEN}
    row.save()
    return row


@pytest.fixture
def published(postmortem: Postmortem, user: User) -> Postmortem:
    add_action(postmortem, author=user, title="Raise the limit")
    return editing.publish(write(postmortem, BODY))


def write(postmortem: Postmortem, body: str) -> Postmortem:
    return editing.save_postmortem(
        postmortem, None, base_version=postmortem.version, title="Checkout down", body=body
    )


def work() -> None:
    """All that is due, now or because it waits to be repeated."""
    PublishedCopy.objects.filter(state="waiting").update(not_before=timezone.now())
    copying.copy_due()


def test_every_target_has_a_server() -> None:
    assert {each.kind for each in TARGETS.values()} == set(registry())
    assert all(plugin.title for plugin in registry().values())


def test_a_copy_links_here_and_is_written_again_not_twice(
    fake: FakeTarget, target: PublishTarget, published: Postmortem
) -> None:
    fake.token = "another"
    with pytest.raises(RemoteError, match="Enter a new one in the target's settings"):
        copying.probe(target)
    fake.token = TOKEN
    assert "can be read" in copying.probe(target)
    fake.loses_answers = 1
    copy = copying.copy_postmortem(published, target)
    work()
    work()
    copy.refresh_from_db()
    assert (copy.state, copy.error, copy.version) == ("done", "", published.version)
    [(title, text)] = fake.texts()
    assert "heckout" in title
    assert f"/knowledge/postmortems/{published.pk}/" in text
    assert "Raise the limit" in text
    assert "](/" not in text
    assert 'href="/' not in text
    assert copy.url.startswith("http")
    changed = write(published, "Now with the true cause.")
    copying.copy_postmortem(changed, target)
    work()
    [(_, text)] = fake.texts()
    assert "true cause" in text
    copy.refresh_from_db()
    assert copy.version == changed.version
    fake.delete_all()
    copying.copy_postmortem(changed, target)
    work()
    assert len(fake.texts()) == 1


@pytest.mark.parametrize("fake", ["notion"], indirect=True)
def test_limits_and_a_revoked_token_are_said_and_outlasted(
    fake: FakeTarget, target: PublishTarget, published: Postmortem
) -> None:
    fake.failures.append((429, {"Retry-After": "40"}, {"message": "slow down"}))
    copy = copying.copy_postmortem(published, target)
    copying.copy_due()
    copy.refresh_from_db()
    assert copy.not_before > timezone.now() + timedelta(seconds=30)
    fake.token = "another"
    work()
    copy.refresh_from_db()
    target.refresh_from_db()
    assert copy.state == "failed"
    assert "Enter a new one in the target's settings" in copy.error
    assert TOKEN not in f"{copy.error}{target.trouble}"
    with pytest.raises(RemoteError, match="Enter a new one"):
        copying.probe(target)
    target.secrets = {"token": "another"}
    target.save()
    copying.settings_changed(target)
    work()
    copy.refresh_from_db()
    target.refresh_from_db()
    assert (copy.state, target.trouble, len(fake.texts())) == ("done", "", 1)


@pytest.mark.parametrize("fake", ["confluence"], indirect=True)
def test_what_is_private_or_a_draft_never_leaves(
    target: PublishTarget, fake: FakeTarget, published: Postmortem, known: Incident, user: User
) -> None:
    target.automatic_since = timezone.now() - timedelta(hours=1)
    target.save()
    copy = PublishedCopy.objects.create(postmortem=published, target=target)
    edit_incident(known, author=user, private=True)
    published.refresh_from_db()
    with pytest.raises(ValidationError, match="private"):
        copying.copy_postmortem(published, target)
    work()
    copy.refresh_from_db()
    assert (copy.state, fake.requests) == ("failed", [])
    assert "private" in copy.error
    editing.return_to_draft(published)
    with pytest.raises(ValidationError, match="private"):
        copying.copy_postmortem(published, target)


def test_by_rule_what_is_published_or_changed_from_then_on_is_copied(
    postmortem: Postmortem, published: Postmortem
) -> None:
    with served(FakeConfluence()) as fake:
        target = connect(fake)
        Postmortem.objects.update(published_at=timezone.now() - timedelta(days=1))
        target.settings["automatic"] = True
        target.save()
        copying.settings_changed(target)
        work()
        assert fake.texts() == []
        Postmortem.objects.update(published_at=timezone.now(), external_source="html")
        work()
        assert fake.texts() == []
        Postmortem.objects.update(external_source="")
        work()
        assert len(fake.texts()) == 1
        write(Postmortem.objects.get(), "Changed meanwhile.")
        work()
        [(_, text)] = fake.texts()
        assert "Changed meanwhile." in text
        requests = len(fake.requests)
        work()
        assert len(fake.requests) == requests


def test_a_page_of_somebody_else_with_our_title_stays(published: Postmortem) -> None:
    with served(FakeConfluence()) as fake:
        target = connect(fake)
        title = document_of(published).heading
        fake.pages["1"] = {"title": title, "text": "<p>Mine.</p>", "version": 3}
        copy = copying.copy_postmortem(published, target)
        work()
        copy.refresh_from_db()
        assert "is no copy" in copy.error
        assert fake.texts() == [(title, "<p>Mine.</p>")]


def test_a_merged_file_gets_another_pull_request_only_when_it_changes(
    published: Postmortem,
) -> None:
    with served(FakeGitHub()) as fake:
        target = connect(fake)
        copying.copy_postmortem(published, target)
        work()
        fake.merge()
        copying.copy_postmortem(published, target)
        work()
        assert len(fake.pulls) == 1
        assert "/blob/main/postmortems/" in PublishedCopy.objects.get().url
        copying.copy_postmortem(write(published, "Second thoughts."), target)
        work()
        assert [each["open"] for each in fake.pulls] == [False, True]
        assert PublishedCopy.objects.get().url.endswith("/example/handbook/pull/2")


def test_long_texts_fit_the_limits_of_notion(published: Postmortem) -> None:
    with served(TARGETS["notion"]()) as fake:
        target = connect(fake)
        write(published, "word " * 1000 + "\n\n" + "\n\n".join(f"Line {n}" for n in range(250)))
        copying.copy_postmortem(published, target)
        work()
        assert PublishedCopy.objects.get().error == ""
        assert "Line 249" in fake.texts()[0][1]


def test_pages_and_api_show_the_copy_to_readers_and_the_button_to_editors(
    client: Client, published: Postmortem
) -> None:
    with served(FakeConfluence()) as fake:
        manager = User.objects.create_user("mia", password="pass-for-tests")
        give_role(manager, Role.MANAGER)
        client.force_login(manager)
        form = "/knowledge/targets/new/confluence/"
        sent = {"target_name": "Handbook", "enabled": "on", "token": TOKEN, **fake.settings()}
        saved = client.post(form, sent)
        target = PublishTarget.objects.get()
        assert saved["Location"] == target.get_absolute_url()
        client.post(f"{target.get_absolute_url()}probe/")
        assert "can be read" in client.get(target.get_absolute_url()).content.decode()
        page = published.get_absolute_url()
        assert "Copy to Handbook" in client.get(page).content.decode()
        client.post(f"{page}copies/", {"target": target.pk})
        work()
        copy = PublishedCopy.objects.get()
        assert copy.url in client.get(target.get_absolute_url()).content.decode()
        viewer = User.objects.create_user("vic", password="pass-for-tests")
        give_role(viewer, Role.VIEWER)
        client.force_login(viewer)
        seen = client.get(page).content.decode()
        assert copy.url in seen
        assert "Copy to Handbook" not in seen
        assert client.post(f"{page}copies/", {"target": target.pk}).status_code == 403
        assert client.get(target.get_absolute_url()).status_code == 403
        api = APIClient()
        api.force_authenticate(manager)
        path = f"/api/v1/postmortems/{published.pk}/copies/"
        assert api.post(path, {"target": "Handbook"}, "json").status_code == 202
        assert api.get(path).data[0]["url"] == copy.url
        made = api.post(
            "/api/v1/publish-targets/",
            {"kind": "confluence", "name": "Second", "secrets": {"token": TOKEN},
             "settings": {**fake.settings(), "automatic": True}}, "json",
        )  # fmt: skip
        assert made.status_code == 201, made.content
        assert made.data["automatic_since"]
        assert TOKEN not in made.content.decode()
